// What listeners know of their certificate, wherever it comes from.

/** PEM texts; the certificate may bring its chain with it. */
export type CertificatePair = { readonly key: string; readonly cert: string }

export interface CertificateSource {
  /** A pair whose key and certificate belong together. */
  current(): CertificatePair
  /** The listener is called after each change of `current()`. It must not throw. */
  onChange(listener: () => void): void
  /** Stops watching. */
  close(): void
}

/** Of files, which may be read again before anything tells that they changed. */
export interface CertificateFileSource extends CertificateSource {
  readonly certificateFile: string
  /** Resolves when they have been read; a pair that cannot be used is refused and logged. */
  reload(): Promise<void>
}
