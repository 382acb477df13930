// Actions of Certificate Manager, by certificate ARN.

import type { AccessRequest } from '../iam.ts'
import {
  bodyOf,
  requiredText,
  targetOperation,
  UnknownRequest,
  type WireRequest,
} from '../wire-request.ts'

const operations: ReadonlySet<string> = new Set([
  'DescribeCertificate',
  'ExportCertificate',
  'GetCertificate',
])

export function acmAccesses(request: WireRequest): readonly AccessRequest[] {
  const operation = targetOperation(request)
  if (!operations.has(operation)) throw new UnknownRequest(request)
  const resource = requiredText(request, bodyOf(request).CertificateArn, 'CertificateArn')
  return [{ action: `acm:${operation}`, resource, context: {} }]
}
