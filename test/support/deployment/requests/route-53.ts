// Actions of Route 53. Its condition keys about records hold normalised values: Developer Guide, "Using IAM policy conditions
// for fine-grained access control".

import type { AccessRequest } from '../iam.ts'
import { UnknownRequest, type WireRequest } from '../wire-request.ts'

const pathForm = /^\/2013-04-01\/(hostedzone|change)\/([^/]+)(\/rrset)?\/?$/

export function route53Accesses(request: WireRequest): readonly AccessRequest[] {
  const [, kind = '', id = '', rrset = ''] = pathForm.exec(request.path) ?? []
  const resource = `arn:aws:route53:::${kind}/${decodeURIComponent(id)}`
  const access = (name: string, context: AccessRequest['context'] = {}) => [
    { action: `route53:${name}`, resource, context },
  ]
  switch (`${request.method} ${kind}${rrset}`) {
    case 'POST hostedzone/rrset':
      return access('ChangeResourceRecordSets', changeContext(request))
    case 'GET hostedzone/rrset':
      return access('ListResourceRecordSets')
    case 'GET hostedzone':
      return access('GetHostedZone')
    case 'GET change':
      return access('GetChange')
    default:
      throw new UnknownRequest(request)
  }
}

function changeContext(request: WireRequest): AccessRequest['context'] {
  if (typeof request.body !== 'string') throw new UnknownRequest(request, 'no body')
  const changes = [...request.body.matchAll(/<Change>(.*?)<\/Change>/gs)].map(([, xml = '']) => xml)
  if (changes.length === 0) throw new UnknownRequest(request, 'no changes')
  const all = (tag: string) => changes.map((xml) => element(xml, tag))
  return {
    'route53:ChangeResourceRecordSetsActions': distinct(all('Action')),
    'route53:ChangeResourceRecordSetsNormalizedRecordNames': distinct(
      all('Name').map(normalizedName),
    ),
    'route53:ChangeResourceRecordSetsRecordTypes': distinct(all('Type')),
  }
}

/** The first of the name: that of the record set itself. */
function element(xml: string, tag: string): string {
  const [, text = ''] = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml) ?? []
  return text
}

/** Lower case, no dot at the end, everything else than letters, digits, `-`, `_` and `.` as an octal escape. */
function normalizedName(name: string): string {
  return name
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/\\?[^a-z0-9\-_.\\]/g, (character) => {
      const code = character.charCodeAt(character.length - 1)
      return `\\${code.toString(8).padStart(3, '0')}`
    })
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)]
}
