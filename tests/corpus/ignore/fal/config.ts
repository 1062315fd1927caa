import { fal } from "@fal-ai/client";
import { Krea } from "@krea-ai/sdk";

fal.config({ credentials: "{{other-hex}}" });
export const krea = new Krea({ apiKey: process.env.KREA_API_KEY });
