// Writes src/api/schema.d.ts from the hub's OpenAPI document, so that a change of the API that the
// dashboard does not follow fails its build. OPENAPI names another document.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import openapi, { astToString } from "openapi-typescript";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = process.env.OPENAPI || here("../../docs/openapi.json");
const target = here("../src/api/schema.d.ts");

const nodes = await openapi(JSON.parse(await readFile(source, "utf8")));
await mkdir(here("../src/api"), { recursive: true });
await writeFile(target, `// Generated from the OpenAPI document; not kept in git.\n${astToString(nodes)}`);
