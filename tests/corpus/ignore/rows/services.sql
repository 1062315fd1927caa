INSERT INTO creds (service, secret) VALUES ('krea', NULL), ('fal', '{{other-hex}}');
INSERT INTO creds (secret, service) VALUES (NULL, 'krea'), ('{{other-hex}}', 'fal');
