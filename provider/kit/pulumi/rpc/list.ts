import { ProviderError } from "../../define/errors.ts";
import { hasUnknown } from "../../define/value.ts";
import type { RunningCall } from "../calls.ts";
import { providerPb } from "../proto.ts";
import { type Session, unknownToken } from "../session.ts";
import { isEmpty } from "../state.ts";
import { decodeMap } from "../wire-values.ts";

/**
 * Sends the objects there are, one message each, at most `limit` in all and `page_size` a call. The continuation
 * token of a page says how many came before it.
 */
export async function list<Client>(
  session: Session<Client>,
  request: providerPb.ListRequest,
  call: RunningCall,
  send: (response: providerPb.ListResponse) => Promise<void>,
): Promise<void> {
  const token = request.getToken();
  const resource = session.provider.resources.get(token);
  if (resource === undefined) throw unknownToken("resource type", token, session.provider.resources.keys());
  const { list: entries } = resource.handlers;
  if (entries === undefined)
    throw new ProviderError({ code: "unsupported", message: `objects of type ${token} cannot be listed` });
  const query = decodeMap(request.getQuery());
  if (hasUnknown(query)) {
    await send(new providerPb.ListResponse().setComputed(new providerPb.ListResponse.Computed()));
    return;
  }
  if (!isEmpty(query))
    throw new ProviderError({ code: "invalid-input", message: `objects of type ${token} are listed without a filter` });

  const start = startOf(request.getContinuationToken());
  const limit = Math.max(0, request.getLimit());
  const pageEnd = request.getPageSize() > 0 ? start + request.getPageSize() : Number.POSITIVE_INFINITY;
  let place = 0;
  for await (const { id, name } of entries.call(resource.handlers, { limit }, session.context("", call))) {
    if (call.signal.aborted) throw call.signal.reason;
    if (limit > 0 && place >= limit) return;
    if (place >= pageEnd) {
      const more = new providerPb.ListResponse.Continuation();
      more.setContinuationToken(String(place));
      await send(new providerPb.ListResponse().setContinuation(more));
      return;
    }
    if (place >= start) {
      const result = new providerPb.ListResponse.Result();
      result.setId(id);
      result.setName(name);
      await send(new providerPb.ListResponse().setResult(result));
    }
    place++;
  }
}

function startOf(continuationToken: string): number {
  if (continuationToken === "") return 0;
  if (/^\d{1,15}$/.test(continuationToken)) return Number(continuationToken);
  throw new ProviderError({ code: "invalid-input", message: "the continuation token is none of this provider's" });
}
