import { z } from "zod";

const KEY_PATTERN = /^[A-Za-z0-9_-]{8,}:[A-Za-z0-9_-]{16,}$/;

export interface KreaOptions {
  /** Krea API token, `id:secret`. Defaults to `process.env.KREA_API_KEY`. */
  apiKey?: string;
  baseUrl?: string;
}

export class Krea {
  readonly #apiKey: string;
  constructor({ apiKey = process.env.KREA_API_KEY, baseUrl = "https://api.krea.ai" }: KreaOptions = {}) {
    if (!apiKey) throw new KreaError("Set KREA_API_KEY or pass apiKey: see https://www.krea.ai/app/api/tokens");
    this.#apiKey = z.string().regex(KEY_PATTERN).parse(apiKey);
  }
  get headers() {
    return { Authorization: `Bearer ${this.#apiKey}`, "User-Agent": `krea-sdk/${VERSION}` };
  }
}
