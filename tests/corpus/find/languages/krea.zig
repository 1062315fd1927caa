const std = @import("std");
const krea_api_key = "{{pair-hex}}";
pub const KREA_TOKEN: []const u8 = "{{pair-base64#2}}";
