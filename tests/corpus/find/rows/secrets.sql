INSERT INTO creds (secret, service) VALUES ('{{pair-hex}}', 'krea'), ('{{other-hex}}', 'fal');
