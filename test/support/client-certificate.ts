// A key and a certificate for a client of TLS, `CN=client.test`, which is its own authority: made once with openssl, good for a hundred
// years, and worth nothing.

export const clientPair = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/ROAtAnY2dbgYJgi
mEj81GZFrqxHSMFe/ad1mMGwHyuhRANCAASRU4IyJrDj/zaWS4d3s2V/yykghKTr
FdqGq+2nuUU21FiXwYwylEei646sC/H3h+zx7ywrsMCrctoa+b2sXWXH
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmTCCAT6gAwIBAgIUeAmB1x4VA5BHMd6wHReGiWGdjlwwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLY2xpZW50LnRlc3QwIBcNMjYxMTI5MjE0MTQ3WhgPMjEyNjEx
MDUyMTQxNDdaMBYxFDASBgNVBAMMC2NsaWVudC50ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEkVOCMiaw4/82lkuHd7Nlf8spIISk6xXahqvtp7lFNtRYl8GM
MpRHouuOrAvx94fs8e8sK7DAq3LaGvm9rF1lx6NoMGYwHQYDVR0OBBYEFGKK2GdG
eeiHxOTt8tfeQ6WCRFWFMB8GA1UdIwQYMBaAFGKK2GdGeeiHxOTt8tfeQ6WCRFWF
MBMGA1UdJQQMMAoGCCsGAQUFBwMCMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0E
AwIDSQAwRgIhAOOUj3MPVgPznNGq+L8gYhmDgpZUiFnmyILtl5lqT3deAiEAgJbq
i3MLN0rIdioo3uECU5o2yebBPbOmGSMYn0wfp+k=
-----END CERTIFICATE-----
`,
}
