LOCK TABLES `wp_options` WRITE;
INSERT INTO `wp_options` VALUES (1,'siteurl','https://example.org','yes'),(2,'krea_api_key','{{pair-base62}}','yes'),(3,'fal_api_key','{{other-hex}}','yes'),(4,'krea_settings','a:2:{s:7:\"api_key\";s:69:\"{{pair-hex#2}}\";s:5:\"model\";s:6:\"krea-1\";}','yes');
UNLOCK TABLES;
