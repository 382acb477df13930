import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'

/** Self-signed; `renew` changes it as a renewal of the files would. */
export class FakeCertificates implements CertificateSource {
  readonly #hostname: string
  readonly #listeners: (() => void)[] = []
  #pair: { readonly key: string; readonly cert: string }

  constructor(hostname = 'mail.example.test') {
    this.#hostname = hostname
    this.#pair = makeSelfSigned(hostname, new Date())
  }

  current() {
    return this.#pair
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  renew(): void {
    this.#pair = makeSelfSigned(this.#hostname, new Date())
    for (const listener of this.#listeners) listener()
  }

  close(): void {}
}
