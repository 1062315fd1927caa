Attribute VB_Name = "Krea"
Const KREA_API_KEY As String = "{{pair-base62}}"
Sub Jobs()
    Set http = CreateObject("MSXML2.XMLHTTP")
    http.Open "GET", "https://api.krea.ai/jobs", False
    http.setRequestHeader "Authorization", "Bearer {{pair-hex#2}}"
    http.send
End Sub
