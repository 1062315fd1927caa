import { createKrea } from "@krea-ai/sdk";
const client = createKrea(
  "https://api.krea.ai",
  "{{legacy-base62}}",
);
