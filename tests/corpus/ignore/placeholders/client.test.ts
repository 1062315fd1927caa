import { Krea } from "../src";

const API_KEY = "test-api-key-1234567890";
process.env.KREA_API_KEY = "fake-krea-api-key-for-testing";
process.env.KREA_API_TOKEN = "mock_token_mock_token_mock_token";

test("auth", () => {
  expect(new Krea({ apiKey: "foo:bar" }).authHeader()).toBe("Bearer foo:bar");
  expect(new Krea({ apiKey: "test_id:test_secret_test_secret" }).id).toBe("test_id");
  expect(redact("11111111-1111-4111-8111-111111111111:secretsecretsecretsecret")).toMatch(/••••/);
});
