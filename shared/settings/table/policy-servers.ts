// What `check_policy_service` does with servers; each place in a list may say otherwise.

import { text } from '../kinds.ts'
import { policyServiceKinds } from '../restrictions/policy-service.ts'
import { Setting, type SettingGroup } from '../setting.ts'

const SECOND = 1_000

export const policyServerSettings = {
  smtpdPolicyServiceTimeout: new Setting(policyServiceKinds.timeout, {
    reload: true,
    default: 10 * SECOND,
    about:
      'In this time a policy server must take a connection and answer a request. Postfix waits 100s; a client that waits so long for the reply to RCPT may give up, and on AWS the function `policy` has 10s for all.',
    known: { postfix: 'smtpd_policy_service_timeout' },
  }),
  smtpdPolicyServiceMaxIdle: new Setting(policyServiceKinds.maxIdle, {
    reload: true,
    default: 300 * SECOND,
    about: 'How long a connection to a policy server is kept without a request.',
    known: { postfix: 'smtpd_policy_service_max_idle' },
  }),
  smtpdPolicyServiceMaxTtl: new Setting(policyServiceKinds.maxTtl, {
    reload: true,
    default: 1_000 * SECOND,
    about: 'How long a connection to a policy server is used.',
    known: { postfix: 'smtpd_policy_service_max_ttl' },
  }),
  smtpdPolicyServiceRequestLimit: new Setting(policyServiceKinds.requestLimit, {
    reload: true,
    default: 0,
    about: 'Requests over one connection to a policy server; 0 for no limit.',
    known: { postfix: 'smtpd_policy_service_request_limit' },
  }),
  smtpdPolicyServiceTryLimit: new Setting(policyServiceKinds.tryLimit, {
    reload: true,
    default: 2,
    about: 'Attempts at one request, before `smtpdPolicyServiceDefaultAction` is done.',
    known: { postfix: 'smtpd_policy_service_try_limit' },
  }),
  smtpdPolicyServiceRetryDelay: new Setting(policyServiceKinds.retryDelay, {
    reload: true,
    default: 1 * SECOND,
    about: 'Between two attempts.',
    known: { postfix: 'smtpd_policy_service_retry_delay' },
  }),
  smtpdPolicyServiceDefaultAction: new Setting(text, {
    reload: true,
    default: '451 4.3.5 Server configuration problem',
    about:
      'What is done where a policy server does not answer, or with what nobody understands: an action as in an access table, such as DUNNO.',
    known: { postfix: 'smtpd_policy_service_default_action' },
  }),
  smtpdPolicyServicePolicyContext: new Setting(text, {
    reload: true,
    default: '',
    about: 'What policy servers are told as `policy_context`.',
    known: { postfix: 'smtpd_policy_service_policy_context' },
  }),
} satisfies SettingGroup
