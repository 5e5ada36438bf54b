/** From this length on, a secret is masked also inside of words. */
export const MIN_INNER_LENGTH = 4;

/** Shorter lines of a secret, as in `{` or `debug: true`, stand in texts that have nothing to do with it. */
const MIN_LINE_LENGTH = 8;

/** The header and footer of a PEM block, and of what looks like it (`---- BEGIN SSH2 PUBLIC KEY ----`). */
const PEM_FRAME = /^-{4,5} ?(?:BEGIN|END) [\w .]+ ?-{4,5}$/;

/**
 * The texts by which a secret may show: itself, with and without the white space around it; each line that is long
 * enough; itself in JSON (also as Go writes it), in a URL (also as a form), in Base64 of both alphabets.
 *
 * @example secretForms("a b/c+") // ["a b/c+", "a%20b%2Fc%2B", "a%20b%2fc%2b", "a+b%2Fc%2B", "YSBiL2Mr"]
 */
export function secretForms(secret: string): readonly string[] {
  if (secret.trim() === "") return [];
  const forms = new Set([secret]);
  const add = (form: string): void => {
    if (form.length >= MIN_INNER_LENGTH) forms.add(form);
  };
  const trimmed = secret.trim();
  for (const whole of trimmed === secret ? [secret] : [secret, trimmed]) {
    if (whole.length < MIN_INNER_LENGTH) {
      forms.add(whole);
      continue;
    }
    add(whole);
    addJson(whole, add);
    const url = encodeURIComponent(whole.toWellFormed());
    add(url);
    add(url.replaceAll(/%[0-9A-F]{2}/g, (escaped) => escaped.toLowerCase()));
    add(url.replaceAll("%20", "+"));
    const bytes = Buffer.from(whole, "utf8");
    // Without padding: where it is there, it says nothing.
    add(bytes.toString("base64").replace(/=+$/, ""));
    add(bytes.toString("base64url"));
  }
  if (/[\r\n]/.test(secret)) {
    for (const line of secret.split(/[\r\n]+/)) {
      const content = line.trim();
      if (content.length < MIN_LINE_LENGTH || PEM_FRAME.test(content)) continue;
      add(content);
      addJson(content, add);
    }
  }
  return [...forms];
}

function addJson(text: string, add: (form: string) => void): void {
  const json = JSON.stringify(text).slice(1, -1);
  add(json);
  // Go's encoder escapes what could end a script element; other encoders escape the slash.
  add(json.replaceAll(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`));
  add(json.replaceAll("/", "\\/"));
}
