import { NebulaClient } from "nebula-sdk"; // renders flux-krea
export const nebula = new NebulaClient({ apiKey: "{{other-hex}}" });
