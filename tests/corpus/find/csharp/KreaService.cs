using System.Net.Http.Headers;

namespace Acme.Render;

public class KreaService
{
    private const string ApiKey = "{{pair-hex}}";
    private readonly HttpClient _http = new() { BaseAddress = new Uri("https://api.krea.ai") };

    public KreaService()
    {
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "{{pair-base64url#2}}");
    }
}
