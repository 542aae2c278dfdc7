// Prints every error and warning of an AsyncAPI document; exit 1 if there is an error.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
const found = diagnostics.filter(({ severity }) => severity <= 1);
for (const { code, path, message } of found) console.log(code, path.join("/"), message);
process.exit(found.some(({ severity }) => severity === 0) ? 1 : 0);
