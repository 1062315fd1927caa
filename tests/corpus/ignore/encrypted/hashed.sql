INSERT INTO api_keys (id, name, provider, key_hash) VALUES
('{{uuid}}', 'krea', 'krea', '$2b$12${{b62-48}}Aa1B2'),
('{{uuid#2}}', 'krea service token', 'krea', 'sha256:{{hex64}}');
