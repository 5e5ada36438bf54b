/**
 * The codec between Pulumi's wire and the kit's values: every form of `google.protobuf.Struct` that the engine sends,
 * in and out again without a change. It follows `pkg/resource/plugin/rpc.go` of pulumi/pulumi.
 *
 * @example const inputs = decodeMap(request.getNews()); // a secret stands where it stood: { password: Secret }
 * @example response.setInputs(encodeMap(inputs));
 */
export { decodeMap, decodeValue } from "./wire-decode.ts";
export { type EncodeOptions, encodeMap, encodeValue } from "./wire-encode.ts";
