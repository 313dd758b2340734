/** A certificate for 127.0.0.1 and localhost that signs itself, made for these tests; it is worth nothing elsewhere. */
export const LOOPBACK_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBZTCCAQugAwIBAgIBATAKBggqhkjOPQQDAjATMREwDwYDVQQDDAhsb29wYmFj
azAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowEzERMA8GA1UEAwwI
bG9vcGJhY2swWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS2z10mMkhlKsdU5qq7
vesPZN3eoynwJkubNnprXewSIIzkt3/hqge26eeHD7FQ8gzxSy/bUkufahZcPWXA
oucoo04wTDAPBgNVHRMBAf8EBTADAQH/MBoGA1UdEQQTMBGHBH8AAAGCCWxvY2Fs
aG9zdDAdBgNVHQ4EFgQUetBwh4gs7v0oyrMR30nEvjoGRo8wCgYIKoZIzj0EAwID
SAAwRQIgRH5QASfttrqz+wfXExw+9MlUY9pWDXB6D9TgvD1FnP4CIQCxw41b2/e+
l0UFdEwEtriIJipTSzKaY+NVirNbbbBovg==
-----END CERTIFICATE-----
`;

export const LOOPBACK_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAnCLFmLHhKYcV6GJ
J6gzehSbEjueWw4pZ1a/NCzRdeehRANCAAS2z10mMkhlKsdU5qq7vesPZN3eoynw
JkubNnprXewSIIzkt3/hqge26eeHD7FQ8gzxSy/bUkufahZcPWXAouco
-----END PRIVATE KEY-----
`;
