// What a domain says by MTA-STS (RFC 8461).

export interface Sts {
  /** The policy that holds for mail to the domain; undefined where there is none, or it is `none`. */
  policyOf(domain: string): Promise<StsPolicy | undefined>
}

export type StsPolicy = {
  readonly mode: 'enforce' | 'testing'
  /** In lower case; `*.` stands for one label. */
  readonly mx: readonly string[]
  readonly id: string
  /** Lines of the policy, for reports. */
  readonly strings: readonly string[]
}

/** RFC 8461 §4.1: as the first label of a pattern `*` is one label, no more and no less. */
export function namesHost({ mx }: Pick<StsPolicy, 'mx'>, host: string): boolean {
  const parent = host.slice(host.indexOf('.') + 1)
  return mx.some((pattern) =>
    pattern.startsWith('*.') ? pattern.slice(2) === parent && parent !== host : pattern === host,
  )
}
