// The compatibility date for workerd in every test: that of the demo.
import { readFileSync } from "node:fs";

const settings = readFileSync(new URL("../../www/wrangler.jsonc", import.meta.url), "utf8");
export const [, compatibilityDate] = /"compatibility_date": "(\d{4}-\d\d-\d\d)"/.exec(settings);
