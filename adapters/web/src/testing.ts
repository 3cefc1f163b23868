/** An https server for tests, with a certificate of its own that nobody else trusts. */
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'

/** For feeds.example.net, localhost and 127.0.0.1. It guards nothing: its key stands below. */
export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBxjCCAW2gAwIBAgIUezw/lFOzGH1FBvAOcmwi/ZjzK3EwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOZmVlZHMgb2YgdGVzdHMwIBcNMjYxMTI4MTAyNzEyWhgPMjEy
NjExMDQxMDI3MTJaMBkxFzAVBgNVBAMMDmZlZWRzIG9mIHRlc3RzMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEikmsNFMyxJuMw49lvFZ4qCiBVtMeUdMTYOyXFrwi
w3+LufiPuLQC2ax+bXqK2OSeeVN8YTNnkG4h/ByoJwIOkKOBkDCBjTAdBgNVHQ4E
FgQUUnzBYUUiLQqnwiowW5uPRKlNYvYwHwYDVR0jBBgwFoAUUnzBYUUiLQqnwiow
W5uPRKlNYvYwDwYDVR0TAQH/BAUwAwEB/zAtBgNVHREEJjAkghFmZWVkcy5leGFt
cGxlLm5ldIIJbG9jYWxob3N0hwR/AAABMAsGA1UdDwQEAwIChDAKBggqhkjOPQQD
AgNHADBEAiAbqkhI5EW4C7mQDlqs3MlOWVGwGnEPPyyQr67tEMO57gIgE7k98tNk
Tc8+f+XqYN0LzUjCXpVgXZd+r8igLJTRUgI=
-----END CERTIFICATE-----
`

const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCsJLRAT3TjpROkeh
g9VMkgnMBLzplSn7p3SlNheHBjGhRANCAASKSaw0UzLEm4zDj2W8VnioKIFW0x5R
0xNg7JcWvCLDf4u5+I+4tALZrH5teorY5J55U3xhM2eQbiH8HKgnAg6Q
-----END PRIVATE KEY-----
`

export type TestSite = { readonly port: number; close(): Promise<void> }

export async function openTestSite(answer: RequestListener): Promise<TestSite> {
  const server = createServer({ cert: testCertificate, key }, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    port,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
