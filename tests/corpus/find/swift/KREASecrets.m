#import "KREASecrets.h"

NSString *const KREAAPIKey = @"{{pair-hex}}";
#define KREA_TOKEN @"{{pair-base64#2}}"
static NSString * const kKreaSecret = @"{{pair-base62#3.id}}:"
                                      @"{{pair-base62#3.secret}}";
