#include <curl/curl.h>

static const char krea_token[] =
    "{{pair-base62.id}}"
    ":"
    "{{pair-base62.secret}}";

int jobs(CURL *curl) {
    struct curl_slist *h = NULL;
    h = curl_slist_append(h, "Authorization: Bearer {{pair-base64url#2}}");
    curl_easy_setopt(curl, CURLOPT_URL, "https://api.krea.ai/jobs");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, h);
    return curl_easy_perform(curl);
}
