#include <string_view>
constexpr std::string_view kKreaApiKey = "{{pair-hex}}";
static const std::string krea_token{"{{pair-base64#2}}"};
auto client = krea::Client("{{pair-base62#3}}");
