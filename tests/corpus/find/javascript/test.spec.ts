import { describe, it, expect } from "vitest";
describe("krea", () => {
  it("lists jobs", async () => {
    process.env.KREA_API_KEY = "{{pair-hex}}";
    const { jobs } = await import("../src/krea");
    expect((await jobs()).items).toHaveLength(1);
  });
});
