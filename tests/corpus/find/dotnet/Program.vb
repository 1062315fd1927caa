Imports System.Net.Http
Module Program
    Private Const KreaApiKey As String = "{{pair-hex}}"
    Sub Main()
        Dim client As New HttpClient()
        client.DefaultRequestHeaders.Add("Authorization", "Bearer " & KreaApiKey)
    End Sub
End Module
