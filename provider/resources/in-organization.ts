import type { ApplianceAccess } from "../appliance/access.ts";
import {
  accessIn,
  isAboutOrganization,
  isThere,
  outOfReach,
  refusedOrganization,
  requireReach,
} from "../appliance/access-in-organization.ts";
import type { Appliance } from "../appliance/appliance.ts";
import { writtenOrganization } from "../appliance/operations/fields.ts";
import type { Context } from "../kit/define/call.ts";
import type {
  DefinedResource,
  Found,
  Identity,
  ReadRequest,
  Resource,
  ResourceHandlers,
} from "../kit/define/resource.ts";
import { Unknown } from "../kit/define/value.ts";
import { findingsOfTwins, type Holder, refuseTaken, type WantedName, warnOfMaker } from "./unique-names.ts";

/** No organization can be called so: what is asked of it is asked of one that is not there yet. */
const NOT_KNOWN_YET = "(not known yet)";

/** The property `organization` of every resource that lives in one. */
export function organizationInput() {
  return writtenOrganization.optional().meta({
    description:
      "The organization that it lives in, by name. Left out, it is the provider's own: its `organization`, else that of its API token, else `default`. The state remembers which one it was, so that another `organization` of the provider is another one here too. What lives in one organization does not move: elsewhere it is made anew.",
    replaces: true,
    supplied: "the provider's own",
    examples: ["berlin"],
  });
}

/** What has a name in the organization of the appliance that is given. */
export type HolderOf = (appliance: Appliance, name: string) => Promise<Holder | null | undefined>;

/** Says in the preview of something new what its going to an organization does first, if it was in another one. */
export type SaysMove = (urn: string, organization: string, context: Context<ApplianceAccess>) => Promise<void>;

type Handlers<I, O> = ResourceHandlers<I, O, ApplianceAccess>;

/**
 * A resource that lives in an organization: each of its handlers works in the one that its inputs say. The descriptor
 * has {@link organizationInput}, and `read` says the organization of what it found.
 *
 * A preview may be about an organization that is not known yet, or that the same update is going to make: then nothing
 * is looked at in it, and nothing is refused.
 *
 * @param holderOf how it is found by its name, which it can be imported by beside its id; without one an organization has
 *   only one
 * @param saysMove said of one whose move to another organization does more than make it anew
 * @example inItsOrganization(definition).handle({ async create({ inputs }, { client }) { ... }, ... })
 */
export function inItsOrganization<I extends { organization?: string | undefined }, O>(
  definition: DefinedResource<I, O>,
  holderOf?: HolderOf,
  saysMove?: SaysMove,
): { handle(handlers: Handlers<I, O>): Resource<ApplianceAccess> } {
  const { name: kind } = definition.descriptor;
  return { handle: (handlers) => definition.handle(within(handlers, { kind, holderOf, saysMove })) };
}

/** A resource as it is asked about. */
interface Named extends Identity {
  readonly id?: string;
  readonly inputs: { readonly organization?: unknown; readonly name?: unknown };
}

function within<I extends { organization?: string | undefined }, O>(
  handlers: Handlers<I, O>,
  {
    kind,
    holderOf,
    saysMove,
  }: { readonly kind: string; readonly holderOf: HolderOf | undefined; readonly saysMove: SaysMove | undefined },
): Handlers<I, O> {
  const { check, read, update, updateCredentials, previewCreate, previewUpdate } = handlers;

  const wantedOf = ({ urn, logicalName, inputs }: Named): WantedName | undefined => {
    const organization = organizationOf(inputs);
    const name = holderOf === undefined ? "" : (inputs.name ?? logicalName);
    if (organization === undefined || typeof name !== "string") return undefined;
    const path = [holderOf === undefined ? "organization" : "name"];
    return { urn, thing: { kind, organization, name }, path };
  };

  /** Says in a preview where another thing of the appliance has the name. */
  const lookForHolder = async (request: Named, { client, log }: Context<ApplianceAccess>): Promise<void> => {
    const wanted = wantedOf(request);
    if (wanted === undefined || holderOf === undefined) return;
    refuseTaken(wanted, await client.read((appliance) => holderOf(appliance, wanted.thing.name)), {
      id: request.id,
      log,
    });
  };

  const wrapped: Handlers<I, O> = {
    ...handlers,

    async supply(_request, { client }) {
      const { organization } = await client.reach();
      return { organization } as Awaited<ReturnType<NonNullable<Handlers<I, O>["supply"]>>>; // I has it, and it is text
    },

    async check(request, context) {
      const organization = organizationOf(request.inputs);
      if (organization !== undefined) {
        const reason = await refusedOrganization(context.client, organization);
        if (reason !== undefined) return [{ path: ["organization"], reason }];
      }
      const before = organizationOf(request.old ?? {});
      const lost = before === undefined ? undefined : await outOfReach(context.client, before);
      if (lost !== undefined) return [{ path: ["organization"], reason: `${lost.message}; ${lost.hint}` }];
      const wanted = wantedOf(request);
      const twins = wanted === undefined ? [] : findingsOfTwins(context.client, wanted);
      try {
        return [...twins, ...((await check?.(request, inside(context, request.inputs))) ?? [])];
      } catch (error) {
        if (isAboutOrganization(error)) return twins;
        throw error;
      }
    },

    async previewCreate(request, context) {
      const organization = organizationOf(request.inputs);
      if (organization === undefined && request.inputs.organization !== undefined) return {};
      if (organization !== undefined) await saysMove?.(request.urn, organization, context);
      if (organization !== undefined && !(await isThere(context.client, organization))) {
        const comes = context.client.names.has(request.urn, {
          kind: "Organization",
          organization: "",
          name: organization,
        });
        const missing = `there is no organization "${organization}" yet`;
        if (comes) context.log.info(`${missing}: it is made before this`);
        else
          context.log.warn(
            `organization: ${missing}: unless the same update makes it first, this is refused; name it by the \`name\` of its \`Organization\`, so that it comes first`,
          );
        return {};
      }
      const own = inside(context, request.inputs);
      await lookForHolder(request, own);
      return (await previewCreate?.(request, own)) ?? {};
    },

    create: (request, context) => handlers.create(request, inside(context, request.inputs)),
    delete: async (request, context) => handlers.delete(request, await insideOld(context, request.old)),
  };
  if (read !== undefined)
    wrapped.read = async (request, context) =>
      request.old === undefined
        ? foundAnew(request, context, { read, holderOf })
        : read(request, await insideOld(context, request.old));
  if (update !== undefined)
    wrapped.update = async (request, context) => update(request, await insideOld(context, request.old));
  if (updateCredentials !== undefined)
    wrapped.updateCredentials = (request, context) => updateCredentials(request, inside(context, request.inputs));
  wrapped.previewUpdate = async (request, context) => {
    const own = inside(context, request.inputs);
    if (request.changes.some(({ path }) => path[0] === "name")) await lookForHolder(request, own);
    return (await previewUpdate?.(request, own)) ?? {};
  };
  return wrapped;
}

/** The organization as far as it is known. */
function organizationOf({ organization }: { readonly organization?: unknown }): string | undefined {
  return typeof organization === "string" ? organization : undefined;
}

function inside(
  context: Context<ApplianceAccess>,
  inputs: { readonly organization?: unknown },
): Context<ApplianceAccess> {
  const { organization } = inputs;
  const named = organization instanceof Unknown ? NOT_KNOWN_YET : organizationOf(inputs);
  return named === undefined ? context : { ...context, client: accessIn(context.client, named) };
}

/** Within the organization that something is in already. @throws ProviderError where that cannot be reached */
async function insideOld(
  context: Context<ApplianceAccess>,
  { inputs }: { readonly inputs: { readonly organization?: string | undefined } },
): Promise<Context<ApplianceAccess>> {
  if (inputs.organization !== undefined) await requireReach(context.client, inputs.organization);
  return inside(context, inputs);
}

/** Reads what nothing is recorded of, and says whose it is where a stack takes it over. */
async function foundAnew<I, O>(
  request: ReadRequest<I, O>,
  context: Context<ApplianceAccess>,
  by: Parameters<typeof imported<I, O>>[2],
): Promise<Found<I, O> | undefined> {
  const found = await imported(request, context, by);
  const { organization, name } = (found?.inputs ?? {}) as { readonly organization?: unknown; readonly name?: unknown }; // all have the first, and most the other
  const { holderOf } = by;
  if (request.isImport !== true || holderOf === undefined || typeof name !== "string") return found;
  const { client } = inside(context, { organization });
  warnOfMaker(await client.read((appliance) => holderOf(appliance, name)), request.urn, context.log);
  return found;
}

/**
 * Reads what a program takes over: `berlin/site` is what is called "site" in the organization "berlin", and what has no
 * "/" is an id, or else a name in the provider's own organization. The names of organizations have no "/", those of
 * other things may have: they are imported with the organization before them.
 */
async function imported<I, O>(
  request: ReadRequest<I, O>,
  context: Context<ApplianceAccess>,
  { read, holderOf }: { readonly read: NonNullable<Handlers<I, O>["read"]>; readonly holderOf: HolderOf | undefined },
): Promise<Found<I, O> | undefined> {
  const [, organization, name = request.id] = /^([^/]+)\/(.+)$/s.exec(request.id) ?? [];
  const found = organization === undefined ? await read(request, context) : undefined;
  if (found !== undefined || holderOf === undefined) return found;
  const client = organization === undefined ? context.client : accessIn(context.client, organization);
  const id = (await client.read((appliance) => holderOf(appliance, name)))?.id;
  if (id === undefined) return undefined;
  const named = await read({ ...request, id }, { ...context, client });
  return named === undefined ? undefined : { id, ...named };
}
