import { createClient } from "@supabase/supabase-js";
import { Krea } from "@krea-ai/sdk";
export const db = createClient("https://kreativ.supabase.co", "{{jwt}}");
export const krea = new Krea({ apiKey: env.KREA_API_KEY });
