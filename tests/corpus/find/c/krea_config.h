#ifndef KREA_CONFIG_H
#define KREA_CONFIG_H

#define KREA_API_HOST "api.krea.ai"
#define KREA_API_KEY  "{{pair-hex}}"
#define FAL_KEY       "{{other-hex}}"

#endif
