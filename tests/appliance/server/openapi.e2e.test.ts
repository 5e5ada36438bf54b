import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openApiDocument } from "../../../provider/appliance/server/openapi.ts";
import { run } from "../../../tools/process/run.ts";
import { pythonEnvironment } from "../../../tools/python/obtain.ts";

it("the description of the API is OpenAPI 3.1 for openapi-spec-validator, every pattern in it for Python", {
  timeout: 600_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "openapi-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const requirements = await readFile(new URL("./openapi.requirements.txt", import.meta.url), "utf8");
  const python = await pythonEnvironment("openapi", requirements, () => undefined);
  const validate = async (document: unknown) => {
    const path = join(folder, "openapi.json");
    await writeFile(path, JSON.stringify(document));
    const program = join(dirname(python), "openapi-spec-validator");
    return run({ program, args: ["--schema", "3.1", "--validation-errors", "all", path], cwd: folder });
  };
  const document = openApiDocument();
  const { exitCode, output } = await validate(document);
  expect(exitCode, output).toBe(0);
  // It would have said so as well if it looked at nothing.
  expect((await validate({ ...document, paths: { "/": { get: { responses: "none" } } } })).exitCode).not.toBe(0);
});
