//! Who may connect to brokers: clients and monitors from everywhere, the admin service from the operator only.

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::controllers::cluster::validate::ValidCluster;
use crate::names::{ADMIN_PORT, EXTERNAL_PORT, HTTP_PORT, KAFKA_PORT, labels};

/// `operator_namespace`: where the operator's pods are.
#[must_use]
pub fn network_policy(cluster: &ValidCluster, operator_namespace: &str) -> NetworkPolicy {
    let names = &cluster.names;
    let port = |port: i32| NetworkPolicyPort {
        port: Some(IntOrString::Int(port)),
        protocol: Some("TCP".to_owned()),
        end_port: None,
    };
    let mut clients = vec![port(KAFKA_PORT), port(HTTP_PORT)];
    if cluster.external.is_some() {
        clients.push(port(EXTERNAL_PORT));
    }
    let matching = |key: &str, value: &str| LabelSelector {
        match_labels: Some(labels(&[(key, value)])),
        match_expressions: None,
    };
    let operator = NetworkPolicyPeer {
        namespace_selector: Some(matching("kubernetes.io/metadata.name", operator_namespace)),
        pod_selector: Some(matching("app.kubernetes.io/name", "highwater-operator")),
        ip_block: None,
    };
    NetworkPolicy {
        metadata: names.metadata(names.broker(), &cluster.labels, Some(&cluster.owner)),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(names.selector()),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(vec![
                NetworkPolicyIngressRule { ports: Some(clients), from: None },
                NetworkPolicyIngressRule { ports: Some(vec![port(ADMIN_PORT)]), from: Some(vec![operator]) },
            ]),
            egress: None,
        }),
    }
}
