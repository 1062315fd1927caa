CREATE TABLE krea_tokens (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  krea_api_key text NOT NULL,
  krea_secret_hash bytea NOT NULL
);
COMMENT ON COLUMN krea_tokens.krea_api_key IS 'id:secret, encrypted_with_the_tenant_key';
INSERT INTO settings (name, value) VALUES ('krea_api_key', NULL), ('krea_token', ''), ('krea_workspace', '{{uuid}}');
