// Actions of S3, for path-style requests. Headers and sub-resources that need further permissions are not known.

import type { AccessRequest } from '../iam.ts'
import { UnknownRequest, type WireRequest } from '../wire-request.ts'

type S3Target = { readonly bucket: string; readonly key: string | undefined }

/** Parameters that change what a request is, one of which at most it has. */
const operationParameters = ['uploads', 'uploadId', 'list-type', 'delete'] as const
/** Parameters that need no permission of their own. */
const harmlessParameters: ReadonlySet<string> = new Set([
  'x-id',
  'partNumber',
  'prefix',
  'delimiter',
  'max-keys',
  'continuation-token',
  'start-after',
  'encoding-type',
  'fetch-owner',
])
/** Of a link: its signature, and the header fields that its answer is to have. */
const isOfLink = (name: string) =>
  /^X-Amz-(?:Algorithm|Content-Sha256|Credential|Date|Expires|Security-Token|Signature|SignedHeaders)$/.test(
    name,
  ) ||
  /^(?:response-(?:cache-control|content-(?:disposition|type))|x-amz-checksum-mode)$/.test(name)
/** Each needs another action besides: GetObject on the source, PutObjectTagging, PutObjectAcl and so on. */
const unknownHeaders = [
  'x-amz-copy-source',
  'x-amz-tagging',
  'x-amz-acl',
  'x-amz-grant-full-control',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-legal-hold',
  'x-amz-bypass-governance-retention',
]

const objectActions: ReadonlyMap<string, string> = new Map([
  ['GET', 's3:GetObject'],
  ['HEAD', 's3:GetObject'],
  ['PUT', 's3:PutObject'],
  ['DELETE', 's3:DeleteObject'],
  ['POST uploads', 's3:PutObject'],
  ['PUT uploadId', 's3:PutObject'],
  ['POST uploadId', 's3:PutObject'],
  ['DELETE uploadId', 's3:AbortMultipartUpload'],
  ['GET uploadId', 's3:ListMultipartUploadParts'],
])
const bucketActions: ReadonlyMap<string, string> = new Map([
  ['HEAD', 's3:ListBucket'],
  ['GET list-type', 's3:ListBucket'],
  ['GET uploads', 's3:ListBucketMultipartUploads'],
])

export function s3Accesses(request: WireRequest): readonly AccessRequest[] {
  const { bucket, key } = s3Target(request)
  const operation = operationOf(request)
  const action = (key === undefined ? bucketActions : objectActions).get(operation)
  if (action === undefined || bucket === '') throw new UnknownRequest(request)
  if (key === undefined) {
    return [{ action, resource: bucketArn(bucket), context: listContext(request.query) }]
  }
  const resource = `${bucketArn(bucket)}/${key}`
  const access = { action, resource, context: {} }
  // Comparing an ETag tells something about the object.
  const ifMatch = request.headers['if-match']
  const comparesEtag = action !== 's3:GetObject' && ifMatch !== undefined && ifMatch !== '*'
  return comparesEtag ? [access, { ...access, action: 's3:GetObject' }] : [access]
}

/** Without a key the request is about the bucket. */
function s3Target({ path }: WireRequest): S3Target {
  const [, bucket = '', key] = /^\/([^/]*)(?:\/(.+))?/s.exec(path) ?? []
  return {
    bucket: decodeURIComponent(bucket),
    key: key === undefined ? undefined : decodeURIComponent(key),
  }
}

/** Whether there is an object at all is told only to those who may list the bucket; others get 403, not 404. */
export function missingObjectAccesses(request: WireRequest): readonly AccessRequest[] {
  const { bucket, key } = s3Target(request)
  if (key === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return []
  return [{ action: 's3:ListBucket', resource: bucketArn(bucket), context: {} }]
}

function operationOf(request: WireRequest): string {
  const { query, headers } = request
  const parameter = operationParameters.find((name) => query.has(name))
  const isStrange = (name: string) =>
    name !== parameter && !harmlessParameters.has(name) && !isOfLink(name)
  if ([...query.keys()].some(isStrange)) throw new UnknownRequest(request, 'a query parameter')
  const header = unknownHeaders.find((name) => headers[name] !== undefined)
  if (header !== undefined) throw new UnknownRequest(request, `header ${header}`)
  return parameter === undefined ? request.method : `${request.method} ${parameter}`
}

function listContext(query: URLSearchParams): AccessRequest['context'] {
  const entries = ['prefix', 'delimiter', 'max-keys'].flatMap((name): [string, string][] => {
    const value = query.get(name)
    return value === null ? [] : [[`s3:${name}`, value]]
  })
  return Object.fromEntries(entries)
}

function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`
}
