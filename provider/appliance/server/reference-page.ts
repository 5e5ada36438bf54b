import { API_PATH, OPENAPI_PATH, PRODUCT_VERSION } from "../http.ts";

/** A page with a style of its own and nothing else: no scripts, nothing from elsewhere. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** What of an OpenAPI document the page shows. */
interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Method {
  readonly operationId: string;
  readonly description: string;
  readonly "x-role"?: string;
  readonly "x-reach"?: string;
  readonly requestBody?: unknown;
  readonly responses?: unknown;
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { background: #f5f5f5; padding: .75rem; overflow-x: auto; border-radius: 4px; }
section { border-top: 1px solid #ddd; padding: .5rem 0 1rem; }
nav ul { columns: 3; padding-left: 1rem; }
.who { color: #666; }
@media (prefers-color-scheme: dark) { body { background: #1b1b1b; color: #ddd; } pre { background: #2a2a2a; } a { color: #8ab4f8; } }
`;

/**
 * The API for people, from the OpenAPI document that the server answers by.
 *
 * @example c.html(referencePage(openApiDocument()))
 */
export function referencePage({ paths }: Described): string {
  const methods = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter((entry): entry is [string, Method] => isMethod(entry[1]))
      .map(([method, detail]) => ({ path, method: method.toUpperCase(), detail })),
  );
  const contents = methods.map(({ detail: { operationId: id } }) => `<li><a href="#${text(id)}">${text(id)}</a></li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kace API</title>
<style>${STYLE}</style>
</head>
<body>
<h1>The API of a kace appliance</h1>
<p>Version ${text(PRODUCT_VERSION)}. Every operation is a POST to <code>${text(API_PATH)}/&lt;operation&gt;</code> with a JSON body and the
header <code>Authorization: Bearer &lt;API token&gt;</code>; <code>kace api-tokens create</code> makes one.
For programs: <a href="${text(OPENAPI_PATH)}">the OpenAPI document</a>.</p>
<nav><ul>
${contents.join("\n")}
</ul></nav>
${methods.map(section).join("\n")}
</body>
</html>
`;
}

function section({
  path,
  method,
  detail,
}: {
  readonly path: string;
  readonly method: string;
  readonly detail: Method;
}): string {
  const role = detail["x-role"] ?? "";
  const reach = detail["x-reach"] === "appliance" ? ", of all organizations" : "";
  return `<section id="${text(detail.operationId)}">
<h2>${text(detail.operationId)}</h2>
<p><code>${text(method)} ${text(path)}</code> <span class="who">needs the role ${text(role)}${reach}</span></p>
<p>${text(detail.description)}</p>
${schema("Input", detail.requestBody)}${schema("Output", detail.responses)}
</section>`;
}

function schema(title: string, described: unknown): string {
  const found = schemaIn(described);
  if (found === undefined) return "";
  return `<details><summary>${title}</summary><pre>${text(JSON.stringify(found, undefined, 2))}</pre></details>\n`;
}

/** The schema of the body of a request, or of the answer that is no error. */
function schemaIn(described: unknown): unknown {
  const body = property(described, "200") ?? described;
  return property(property(property(body, "content"), "application/json"), "schema");
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function isMethod(value: unknown): value is Method {
  return typeof property(value, "operationId") === "string" && typeof property(value, "description") === "string";
}

function text(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
