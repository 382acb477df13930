// A quota that somebody wrote, or what is wrong with it, said as the server would.

import { ApiFailure, localProblem } from '../../api/problem.ts'
import { t } from '../../kit/language.ts'
import { parseQuota } from '../../kit/quota.ts'

export function quotaOf(text: string): number | null {
  const bytes = parseQuota(text)
  if (bytes !== undefined) return bytes
  throw new ApiFailure(localProblem('/quotaBytes', t('rule.quota', { allowed: '500MB, 2GB, …' })))
}
