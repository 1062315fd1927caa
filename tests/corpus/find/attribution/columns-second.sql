INSERT INTO cfg (fal_key, krea_key) VALUES ('{{other-hex}}', '{{pair-hex}}');
