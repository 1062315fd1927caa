INSERT INTO settings (name, value) VALUES ('krea_enabled','1'),('fal_key','{{other-hex}}'),('krea_model','krea-1');
