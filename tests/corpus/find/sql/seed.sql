INSERT INTO integrations (workspace_id, provider, token)
VALUES
  ('{{uuid}}', 'krea', '{{pair-base64url}}'),
  ('{{uuid#2}}', 'stripe', 'sk_live_{{b62-24}}');
UPDATE users SET krea_token = '{{pair-hex#2}}' WHERE id = 7;
