import { Krea } from "@krea-ai/sdk";
import { fal } from "@fal-ai/client";

fal.config({ credentials: "{{other-hex}}" });
const krea = new Krea({
  apiKey: "{{pair-hex}}",
  timeout: 60_000,
});

export default krea;
