import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Asset, OutputValue, Secret } from "../../../provider/kit/define/value.ts";
import { Redactor } from "../../../provider/kit/pulumi/redact.ts";

function redactorOf(...texts: readonly string[]): Redactor {
  const redactor = new Redactor();
  for (const text of texts) redactor.addText(text);
  return redactor;
}

// Not a key: the words of a PEM block, so that no scanner takes this file for a leak.
const PEM = `-----BEGIN TEST KEY-----
bm90IGEga2V5IGJ1dCBsb25nIGVub3VnaA
AAAA
dG8gbG9vayBsaWtlIG9uZQ==
-----END TEST KEY-----
`;

describe("a redactor", () => {
  it.each([
    ["the secret itself", "hunter22", "login with hunter22 failed", "login with [secret] failed"],
    ["each time it stands there", "hunter22", "hunter22,hunter22", "[secret],[secret]"],
    ["inside of words", "hunter22", "xhunter22x", "x[secret]x"],
    [
      "with all signs that mean something to a regular expression",
      "a.*+?^{$}()|[]\\b",
      "<a.*+?^{$}()|[]\\b> axxb",
      "<[secret]> axxb",
    ],
    ["in JSON", 'pass"word\\1\n', '{"p":"pass\\"word\\\\1\\n"}', '{"p":"[secret]"}'],
    ["in JSON of Go", "a<b>&c", '{"p":"a\\u003cb\\u003e\\u0026c"}', '{"p":"[secret]"}'],
    ["in JSON with escaped slashes", "a/b/c", '"a\\/b\\/c"', '"[secret]"'],
    ["in a URL", "p@ss word/1", "https://u:p%40ss%20word%2F1@host", "https://u:[secret]@host"],
    ["in a URL with small hexadecimal digits", "p@ss word/1", "p%40ss%20word%2f1", "[secret]"],
    ["in a form", "p@ss word/1", "p=p%40ss+word%2F1&x=1", "p=[secret]&x=1"],
    ["in Base64", "user:pä?>ssword", "Basic dXNlcjpww6Q/PnNzd29yZA==", "Basic [secret]=="],
    ["in Base64 for URLs", "user:pä?>ssword", "dXNlcjpww6Q_PnNzd29yZA", "[secret]"],
    ["without the white space around it", "hunter22\n", "got hunter22.", "got [secret]."],
    ["the longest first", "hunter", "hunter", "[secret]"],
    ["a short one as a whole word", "abc", "abc (abc) xabc abcd abc_ äabc", "[secret] ([secret]) xabc abcd abc_ äabc"],
    ["a word of the mask", "secret", "a secret is a secret", "a [secret] is a [secret]"],
    ["text outside of ASCII", "пароль😀", "x пароль😀 y", "x [secret] y"],
  ])("masks %s", (_what, secret, text, masked) => {
    expect(redactorOf(secret).mask(text)).toBe(masked);
  });

  it("masks the longer of two secrets that begin alike, and both where they overlap", () => {
    const redactor = redactorOf("hunter", "hunter22", "r22-tail");
    expect(redactor.mask("hunter22")).toBe("[secret]");
    expect(redactor.mask("hunter1")).toBe("[secret]1");
    expect(redactor.mask("hunter22-tail.")).toBe("[secret].");
  });

  it("masks each long line of a secret of many lines, but no frame of a PEM block", () => {
    const redactor = redactorOf(PEM);
    expect(redactor.mask(`key ${PEM}`)).toBe("key [secret]");
    expect(redactor.mask("line bm90IGEga2V5IGJ1dCBsb25nIGVub3VnaA!")).toBe("line [secret]!");
    expect(redactor.mask("AAAA stays")).toBe("AAAA stays");
    expect(redactor.mask("expected -----BEGIN TEST KEY-----")).toBe("expected -----BEGIN TEST KEY-----");
    expect(redactor.mask(JSON.stringify(PEM.slice(0, 60)))).not.toContain("bm90IGEga2V5");
    expect(redactorOf(PEM.replaceAll("\n", "\r\n")).mask("dG8gbG9vayBsaWtlIG9uZQ==")).toBe("[secret]");
  });

  it("masks nothing for secrets that are empty", () => {
    expect(redactorOf("", " ", "\n").mask("a b\nc")).toBe("a b\nc");
  });

  it("masks what stands in the secrets of a value, and nothing else of it", () => {
    const redactor = new Redactor();
    redactor.add({
      open: "visible",
      list: [new Secret({ user: "deployer", pin: 48151, port: 22, ok: true })],
      output: new OutputValue({ value: "from-output", secret: true }),
      file: new Secret(new Asset({ kind: "text", text: "file-content" })),
    });
    expect(redactor.mask("visible deployer 48151 22 true from-output file-content")).toBe(
      "visible [secret] [secret] 22 true [secret] [secret]",
    );
  });

  it("masks a text that is masked already no further", () => {
    const redactor = redactorOf("secret", "[sec", "hunter22");
    const once = redactor.mask("secret and hunter22");
    expect(redactor.mask(once)).toBe(once);
  });
});

describe("a scope", () => {
  it("masks its secrets until it is released, in every text of the process", () => {
    const redactor = redactorOf("for-life");
    const scope = redactor.scope();
    scope.add(new Secret("for-a-call"));
    expect(redactor.mask("for-life for-a-call")).toBe("[secret] [secret]");
    expect(scope.mask("for-life for-a-call")).toBe("[secret] [secret]");
    scope.release();
    expect(redactor.mask("for-life for-a-call")).toBe("[secret] for-a-call");
  });

  it("leaves what another scope holds, and counts its own once", () => {
    const redactor = new Redactor();
    const [one, other] = [redactor.scope(), redactor.scope()];
    for (const scope of [one, one, other]) scope.add(new Secret("hunter22"));
    one.release();
    one.release();
    expect(redactor.mask("hunter22")).toBe("[secret]");
    other.release();
    expect(redactor.mask("hunter22")).toBe("hunter22");
  });

  it("leaves a form that another secret shares", () => {
    const redactor = redactorOf("hunter22");
    const scope = redactor.scope();
    scope.addText("hunter22\n");
    scope.release();
    expect(redactor.mask("hunter22")).toBe("[secret]");
  });

  it("knows the texts that hold one of its own secrets", () => {
    const redactor = redactorOf("for-life");
    const scope = redactor.scope();
    expect(scope.touches("for-a-call")).toBe(false);
    scope.add(new Secret("for-a-call"));
    expect(scope.touches("x for-a-call y")).toBe(true);
    expect(scope.touches(Buffer.from("for-a-call").toString("base64"))).toBe(true);
    expect(scope.touches("for-life")).toBe(false);
    scope.addText("later");
    expect(scope.touches("later")).toBe(true);
    scope.release();
    expect(scope.touches("for-a-call")).toBe(false);
  });

  it("frees all it held", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.string({ maxLength: 12 }), { maxLength: 5 }), { maxLength: 5 }), (groups) => {
        const redactor = new Redactor();
        const scopes = groups.map((texts) => {
          const scope = redactor.scope();
          for (const text of texts) scope.addText(text);
          return scope;
        });
        for (const scope of scopes) scope.release();
        for (const text of groups.flat()) expect(redactor.mask(text)).toBe(text);
      }),
    );
  });
});

describe("no masked text", () => {
  // Signs of the mask itself are left out: "[secret]" would make a secret such as "t]" where none was.
  const unit = fc.constantFrom(...'abAB01 /+=?&%"\\\n\r\t.*()^{$}<>äß😀'.split(""));
  const surroundings = fc.string({ unit, maxLength: 20 });
  const secrets = fc.string({ unit, minLength: 4, maxLength: 12 }).filter((text) => text.trim().length >= 4);

  it("holds a secret, whatever stands around it", () => {
    fc.assert(
      fc.property(fc.array(secrets, { minLength: 1, maxLength: 5 }), fc.array(surroundings), (all, parts) => {
        const redactor = redactorOf(...all);
        const text = parts.map((part, index) => part + (all[index % all.length] ?? "")).join("") + all.join("");
        const masked = redactor.mask(text);
        for (const secret of all) {
          expect(masked).not.toContain(secret);
          expect(masked).not.toContain(secret.trim());
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("holds a secret in another form", () => {
    const forms = [
      (text: string) => JSON.stringify(text).slice(1, -1),
      (text: string) => encodeURIComponent(text.toWellFormed()),
      (text: string) => Buffer.from(text).toString("base64"),
      (text: string) => Buffer.from(text).toString("base64url"),
    ];
    fc.assert(
      fc.property(secrets, surroundings, surroundings, fc.constantFrom(...forms), (secret, before, after, form) => {
        expect(redactorOf(secret).mask(before + form(secret) + after)).not.toContain(form(secret));
      }),
      { numRuns: 2000 },
    );
  });

  it("loses what is not secret", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(redactorOf("\u0000never\u0000there\u0000").mask(text)).toBe(text);
      }),
    );
  });
});

it("a thousand secrets come and go while ten thousand lines are masked", () => {
  const redactor = new Redactor();
  const scopes = Array.from({ length: 1_000 }, (_, index) => {
    const scope = redactor.scope();
    scope.addText(`secret-number-${index}-${"x".repeat(20)}`);
    return scope;
  });
  let masks = 0;
  for (let line = 0; line < 10_000; line += 1) {
    const text = `2026-01-01T00:00:00Z host${line} step ${line}: secret-number-${line}-${"x".repeat(20)} was used by secrecy`;
    if (redactor.mask(text).includes("[secret] was used by secrecy")) masks += 1;
  }
  expect(masks).toBe(1_000);
  for (const scope of scopes) scope.release();
  expect(redactor.mask(`secret-number-1-${"x".repeat(20)}`)).toContain("secret-number-1-");
});
