import type { JsonObject, JsonValue } from '../../base/json.js';
import { entries, flag, list, number, text } from '../../base/json-fields.js';
import { describeLabel, type LabelReport } from './labels.js';

export type ConditionReport = {
  readonly type: string;
  readonly status: string;
  readonly reason: string | null;
  readonly message: string | null;
  readonly lastHeartbeatTime: string | null;
  readonly lastTransitionTime: string | null;
  /** The taint that the control plane adds for it; null when the condition is as it should be. */
  readonly taint: string | null;
};

export type LeaseReport = {
  readonly holder: string | null;
  readonly renewTime: string | null;
  readonly ageSeconds: number | null;
  /** Late after 40 s, the lease's duration; lost after 50 s, the grace period of the node controller. */
  readonly state: 'fresh' | 'late' | 'lost' | 'not known';
};

/** Swap of the node: in all, by area where the node itself was asked, and what pods may have of it. */
export type SwapReport = {
  /** Bytes; null when not known. */
  readonly capacity: number | null;
  readonly areas:
    | readonly {
        readonly path: string;
        readonly type: string;
        readonly size: number;
        readonly used: number;
        readonly protection: string;
      }[]
    | null;
  /** `NoSwap` or `LimitedSwap`, of the kubelet's configuration as found on the node. */
  readonly behavior: string;
  readonly failSwapOn: boolean;
};

/** A node's status. Text is untrusted. */
export type NodeStatus = {
  readonly name: string;
  /** Where this comes from: `API server 10.0.0.1:6443`, or `this node`. */
  readonly from: string;
  readonly labels: readonly { readonly [K in keyof LabelReport]: LabelReport[K] }[];
  readonly taints: readonly {
    readonly key: string;
    readonly value: string | null;
    readonly effect: string;
  }[];
  readonly unschedulable: boolean | null;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly conditions: readonly ConditionReport[];
  readonly capacity: { readonly [resource: string]: string };
  readonly allocatable: { readonly [resource: string]: string };
  readonly info: JsonObject;
  readonly lease: LeaseReport | null;
  readonly swap: SwapReport;
  /** What could not be told, and why. */
  readonly notKnown: readonly string[];
};

/** Reads a v1.Node, and its Lease of the namespace kube-node-lease. */
export function describeNode(
  node: JsonValue,
  lease: JsonValue | undefined,
  from: string,
  now: Date,
  swap: SwapReport,
): NodeStatus {
  return {
    name: text(node, 'metadata', 'name') ?? '',
    from,
    labels: entries(node, 'metadata', 'labels').map(([key, value]) => ({
      ...describeLabel(key, String(value)),
    })),
    taints: list(node, 'spec', 'taints').map((taint) => ({
      key: text(taint, 'key') ?? '',
      value: text(taint, 'value') ?? null,
      effect: text(taint, 'effect') ?? '',
    })),
    unschedulable: flag(node, 'spec', 'unschedulable') ?? false,
    addresses: list(node, 'status', 'addresses').map((one) => ({
      type: text(one, 'type') ?? '',
      address: text(one, 'address') ?? '',
    })),
    conditions: list(node, 'status', 'conditions').map(describeCondition),
    capacity: strings(node, 'status', 'capacity'),
    allocatable: strings(node, 'status', 'allocatable'),
    info: Object.fromEntries(entries(node, 'status', 'nodeInfo')),
    lease: lease === undefined ? null : describeLease(lease, now),
    // nodeInfo.swap is there since Kubernetes 1.34; what the node itself says counts more
    swap: {
      ...swap,
      capacity: swap.capacity ?? number(node, 'status', 'nodeInfo', 'swap', 'capacity') ?? null,
    },
    notKnown: lease === undefined ? ['the lease: the API server did not show it'] : [],
  };
}

function strings(value: JsonValue, ...path: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(entries(value, ...path).map(([key, one]) => [key, String(one)] as const));
}

function describeCondition(condition: JsonValue): ConditionReport {
  const type = text(condition, 'type') ?? '';
  const status = text(condition, 'status') ?? '';
  return {
    type,
    status,
    reason: text(condition, 'reason') ?? null,
    message: text(condition, 'message') ?? null,
    lastHeartbeatTime: text(condition, 'lastHeartbeatTime') ?? null,
    lastTransitionTime: text(condition, 'lastTransitionTime') ?? null,
    taint: taintFor(type, status),
  };
}

/** The taint that the node controller adds for a condition (reference "Taint Nodes by Condition"). */
export function taintFor(type: string, status: string): string | null {
  if (type === 'Ready') {
    if (status === 'False') return 'node.kubernetes.io/not-ready';
    return status === 'Unknown' ? 'node.kubernetes.io/unreachable' : null;
  }
  if (status !== 'True') return null;
  const taints: Readonly<Record<string, string>> = {
    MemoryPressure: 'node.kubernetes.io/memory-pressure',
    DiskPressure: 'node.kubernetes.io/disk-pressure',
    PIDPressure: 'node.kubernetes.io/pid-pressure',
    NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
  };
  return taints[type] ?? null;
}

/** Seconds after which a lease is late, and after which the control plane takes the node for lost. */
export const LEASE_DURATION = 40;
export const GRACE_PERIOD = 50;

export function describeLease(lease: JsonValue, now: Date): LeaseReport {
  const renewTime = text(lease, 'spec', 'renewTime') ?? null;
  const at = renewTime === null ? Number.NaN : Date.parse(renewTime);
  const holder = text(lease, 'spec', 'holderIdentity') ?? null;
  if (Number.isNaN(at)) return { holder, renewTime, ageSeconds: null, state: 'not known' };
  const ageSeconds = Math.round((now.getTime() - at) / 100) / 10;
  const state = ageSeconds > GRACE_PERIOD ? 'lost' : ageSeconds > LEASE_DURATION ? 'late' : 'fresh';
  return { holder, renewTime, ageSeconds, state };
}
