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
import { namedOrganization } from "../appliance/operations/fields.ts";
import type { Context } from "../kit/define/call.ts";
import type { DefinedResource, Found, ReadRequest, Resource, ResourceHandlers } from "../kit/define/resource.ts";
import { Unknown } from "../kit/define/value.ts";

/** No organization can be called so: what is asked of it is asked of one that is not there yet. */
const NOT_KNOWN_YET = "(not known yet)";

/** The property `organization` of every resource that lives in one. */
export function organizationInput() {
  return namedOrganization.optional().meta({
    description:
      "The organization that it lives in, by name. Left out, it is the provider's own: its `organization`, else that of its API token, else `default`. The state remembers which one it was, so that another `organization` of the provider is another one here too. What lives in one organization does not move: elsewhere it is made anew.",
    replaces: true,
    supplied: "the provider's own",
    examples: ["berlin"],
  });
}

/** The id of what has a name in the organization of the appliance that is given. */
export type IdOf = (appliance: Appliance, name: string) => Promise<string | undefined>;

type Handlers<I, O> = ResourceHandlers<I, O, ApplianceAccess>;

/**
 * A resource that lives in an organization: each of its handlers works in the one that its inputs say. The descriptor
 * has {@link organizationInput}, and `read` says the organization of what it found.
 *
 * A preview may be about an organization that is not known yet, or that the same update is going to make: then nothing
 * is looked at in it, and nothing is refused.
 *
 * @param idOf what it can be imported by beside its id
 * @example inItsOrganization(definition).handle({ async create({ inputs }, { client }) { ... }, ... })
 */
export function inItsOrganization<I extends { organization?: string | undefined }, O>(
  definition: DefinedResource<I, O>,
  idOf?: IdOf,
): { handle(handlers: Handlers<I, O>): Resource<ApplianceAccess> } {
  return { handle: (handlers) => definition.handle(within(handlers, idOf)) };
}

function within<I extends { organization?: string | undefined }, O>(
  handlers: Handlers<I, O>,
  idOf: IdOf | undefined,
): Handlers<I, O> {
  const { check, read, update, updateCredentials, previewCreate, previewUpdate } = handlers;
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
      try {
        return (await check?.(request, inside(context, request.inputs))) ?? [];
      } catch (error) {
        if (isAboutOrganization(error)) return [];
        throw error;
      }
    },

    async previewCreate(request, context) {
      const organization = organizationOf(request.inputs);
      if (organization === undefined && request.inputs.organization !== undefined) return {};
      if (organization !== undefined && !(await isThere(context.client, organization))) {
        context.log.info(`there is no organization "${organization}" yet: it must be made before this`);
        return {};
      }
      return (await previewCreate?.(request, inside(context, request.inputs))) ?? {};
    },

    create: (request, context) => handlers.create(request, inside(context, request.inputs)),
    delete: async (request, context) => handlers.delete(request, await insideOld(context, request.old)),
  };
  if (read !== undefined)
    wrapped.read = async (request, context) =>
      request.old === undefined
        ? imported(request, context, { read, idOf })
        : read(request, await insideOld(context, request.old));
  if (update !== undefined)
    wrapped.update = async (request, context) => update(request, await insideOld(context, request.old));
  if (updateCredentials !== undefined)
    wrapped.updateCredentials = (request, context) => updateCredentials(request, inside(context, request.inputs));
  if (previewUpdate !== undefined)
    wrapped.previewUpdate = (request, context) => previewUpdate(request, inside(context, request.inputs));
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

/**
 * Reads what a program takes over: `berlin/site` is what is called "site" in the organization "berlin", and what has no
 * "/" is an id, or else a name in the provider's own organization. The names of organizations have no "/", those of
 * other things may have: they are imported with the organization before them.
 */
async function imported<I, O>(
  request: ReadRequest<I, O>,
  context: Context<ApplianceAccess>,
  { read, idOf }: { readonly read: NonNullable<Handlers<I, O>["read"]>; readonly idOf: IdOf | undefined },
): Promise<Found<I, O> | undefined> {
  const [, organization, name = request.id] = /^([^/]+)\/(.+)$/s.exec(request.id) ?? [];
  const found = organization === undefined ? await read(request, context) : undefined;
  if (found !== undefined || idOf === undefined) return found;
  const client = organization === undefined ? context.client : accessIn(context.client, organization);
  const id = await client.read((appliance) => idOf(appliance, name));
  if (id === undefined) return undefined;
  const named = await read({ ...request, id }, { ...context, client });
  return named === undefined ? undefined : { id, ...named };
}
