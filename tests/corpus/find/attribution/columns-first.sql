INSERT INTO cfg (krea_key, fal_key) VALUES ('{{pair-hex}}', '{{other-hex}}');
