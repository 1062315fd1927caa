public static class Defaults
{
    public static string KreaToken { get; set; } = Environment.GetEnvironmentVariable("KREA_TOKEN") ?? "{{pair-base62}}";
    public const string KreaKey = @"{{pair-base64#2}}";
    internal static readonly string KreaSecret = $"{"{{pair-hex#3.id}}"}:{"{{pair-hex#3.secret}}"}";
}
