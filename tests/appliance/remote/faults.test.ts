import { describe, expect, it } from "vitest";
import { batches } from "../../../provider/appliance/remote/batches.ts";
import { explainFault, isTransient } from "../../../provider/appliance/remote/faults.ts";

const ENDPOINT = "https://kace.example:8443";

function systemError(code: string): Error {
  return Object.assign(new Error(`native words for ${code}`), { code });
}

describe("a connection that failed is explained", () => {
  it.each([
    ["ECONNREFUSED", false, /nothing listens there/, /kace serve/],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", false, /not trusted/, /`caCertificate`/],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", false, /not trusted/, /`caCertificate`/],
    ["CERT_HAS_EXPIRED", false, /expired/, /clock/],
    ["CERT_NOT_YET_VALID", false, /not valid yet/, /clocks/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", false, /for other names/, /--name/],
    ["ERR_SSL_WRONG_VERSION_NUMBER", false, /does not speak TLS/, /port/],
    ["ENOTFOUND", false, /cannot be resolved/, /DNS/],
    ["EHOSTUNREACH", false, /no route/, /network/],
    ["ETIMEDOUT", false, /did not answer in time/, /firewall/],
    ["ECONNRESET", false, /the connection failed \(ECONNRESET\)/, /runs/],
    ["ECONNRESET", true, /not known what was done/, /again/],
  ])("%s (sent: %s)", (code, sent, message, hint) => {
    const error = explainFault(systemError(code), ENDPOINT, sent);
    expect(error).toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(error.message.startsWith(`${ENDPOINT}: `)).toBe(true);
  });

  it("also where the system's error hides inside others", () => {
    const hidden = new AggregateError([systemError("ECONNREFUSED"), systemError("EHOSTUNREACH")]);
    expect(explainFault(hidden, ENDPOINT, false).message).toMatch(/nothing listens/);
  });

  it.each([
    ["ECONNREFUSED", true],
    ["ECONNRESET", true],
    ["CERT_HAS_EXPIRED", false],
    ["ENOTFOUND", false],
    ["ETIMEDOUT", false],
  ])("%s may be over in a moment: %s", (code, transient) => {
    expect(isTransient(explainFault(systemError(code), ENDPOINT, false))).toBe(transient);
  });
});

describe("batches", () => {
  it.each([
    [[], 3, [[]]],
    [["a"], 3, [["a"]]],
    [["aa", "bb", "c"], 3, [["aa"], ["bb", "c"]]],
    [["aaaaa", "b"], 3, [["aaaaa"], ["b"]]],
  ])("of %j by %i are %j", (items, maxSize, parts) => {
    expect([...batches(items, maxSize, (text) => text.length)]).toEqual(parts);
  });
});
