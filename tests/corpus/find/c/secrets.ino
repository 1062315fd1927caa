#include <WiFi.h>
const char* ssid = "home";
const char* KREA_TOKEN PROGMEM = "{{pair-base64url}}";
String kreaKey = "{{pair-hex#2}}";
