import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'

/** Self-signed; `renew` changes it as a renewal of the files would. */
export class FakeCertificates implements CertificateSource {
  #pair = makeSelfSigned('mail.example.test', new Date())
  readonly #listeners: (() => void)[] = []

  current() {
    return this.#pair
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  renew(): void {
    this.#pair = makeSelfSigned('mail.example.test', new Date())
    for (const listener of this.#listeners) listener()
  }

  close(): void {}
}
