//! Both versions of Helm find nothing to complain of and make the same of each set of values, without a cluster.

use sabai_tests::helm::chart;
use sabai_tests::release::Rights;

use super::{both, foreign_sets, render, sets, words};

#[tokio::test]
async fn both_versions_make_the_same_of_every_set_of_values() {
    let [three, four] = both().await;
    let chart = chart();
    let chart = chart.to_str().expect("UTF-8");
    for (name, set) in sets().into_iter().chain(foreign_sets()) {
        let arguments = words(&set);
        for helm in [&three, &four] {
            let lint = [&["lint", "--strict", chart][..], &arguments].concat();
            let lint = helm.run(&lint).await.expect("it runs");
            lint.ok()
                .unwrap_or_else(|error| panic!("{}, {name}: {error:#}", helm.name));
        }
        let by_three = three.template("y", &arguments).await;
        let by_four = four.template("y", &arguments).await;
        let by_four = by_four.unwrap_or_else(|error| panic!("{name}: {error:#}"));
        assert_eq!(by_three.expect("as by Helm 4"), by_four, "{name}");
        let twice = four.template("y", &arguments).await;
        assert_eq!(twice.expect("as before"), by_four, "{name}: another time");
    }
}

/// What tests try with an agent's token is what the chart gives to an agent.
#[tokio::test]
async fn the_rights_are_those_that_the_agent_was_tried_with() {
    let rights = Rights {
        name: "shop",
        service_account: "shop",
    };
    let tried = sabai_tests::helm::objects(&rights.rights("line")).expect("YAML");
    let rendered = render(&[]).await;
    for object in &tried {
        assert!(rendered.contains(object), "not rendered: {object:#}");
    }
    let of_rights = |kind: &str| {
        ["Role", "ValidatingAdmissionPolicy"]
            .iter()
            .any(|ours| kind.contains(ours))
    };
    let more = rendered
        .iter()
        .filter(|object| object["kind"].as_str().is_some_and(of_rights));
    assert_eq!(more.count(), tried.len(), "the chart gives more rights");
}
