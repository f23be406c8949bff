BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(1,'accounts','2026-11-30 07:23:02',1,X'111FB887BBD43CE0C965869D76B6264ED18E55D5D279FB8E5B9B94F3E3CCE8D439663F65B7516E21950617BF91F8D8FD',533866);
INSERT INTO "_sqlx_migrations" VALUES(2,'log','2026-11-30 07:23:02',1,X'509CB5A1E324BEEDBD12BEE88F917E54F4B4A5A96643127B40B49289A713969F9BB9E9A03220258C016B33B590CB62E5',841355);
INSERT INTO "_sqlx_migrations" VALUES(3,'sessions','2026-11-30 07:23:02',1,X'9839BB80A652175E292DEA3A882B80EA42BF1C20AD33B5D0232CE4F6D23FC157538D72965358B84E54B60782CEE7C659',598763);
INSERT INTO "_sqlx_migrations" VALUES(4,'devices','2026-11-30 07:23:02',1,X'2D0C029A523EF1533EF1EDBE5C1F75A1CE3396ED8E5DF3D5BC0DCB6EE797B6309619022899A685B7B0BA6721DD346637',441228);
INSERT INTO "_sqlx_migrations" VALUES(5,'presence','2026-11-30 07:23:02',1,X'86E601F4145C9042EAFBBD9568ED899C547103925FB8ED5EE8AA73C6CA252BED03B4CFA29903E8A696532B52C817B18C',4237760);
INSERT INTO "_sqlx_migrations" VALUES(6,'undrawn','2026-11-30 07:23:02',1,X'F6208D3B8610CF2D17634E308A981365BC194FAAF2C434493AF8DA0029361CED85EBB528143ED46C22BF77F6B3B3BDBA',1372677);
INSERT INTO "_sqlx_migrations" VALUES(7,'push','2026-11-30 07:23:02',1,X'3710BF55C4952A556BDCC6AEC3035A411BBFC6B79FC3AC84B6E30A880DF0B4ACE8D82284440A18C3DF97529F5276038D',350723);
CREATE TABLE api_keys (
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (restaurant, id)
) STRICT;
CREATE TABLE calls (
    restaurant BLOB NOT NULL REFERENCES restaurants (id),
    id         BLOB NOT NULL CHECK (length(id) = 16),
    document   TEXT NOT NULL,
    PRIMARY KEY (restaurant, id)
) STRICT;
INSERT INTO "calls" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',X'01A22B55F45771D093A149681B9AC33A','{"id":"01a22b55-f457-71d0-93a1-49681b9ac33a","table":"7","reason":"bill","raised_at":"2026-11-30T07:23:03.127Z"}');
CREATE TABLE commands (
    restaurant  BLOB    NOT NULL,
    sub         TEXT    NOT NULL,
    id          BLOB    NOT NULL CHECK (length(id) = 16),
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    answer      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (restaurant, sub, id)
) STRICT;
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'485643D9FECA4A07AFD81461DCA42DB9',X'20FB52D0ABEE6F6D7EA074ACB3193212881AFE227D8016BE19F90B75266A8392','{"ack":{"position":1,"changed":true,"document":{"id":"01a22b55-f3ff-709f-be40-b6dde301cea2","items":{"01a22b55-f3ff-709f-be40-b6de10c49d3e":{"menu_item":"01a22b55-f28e-700b-86a7-b2eb71b0f71d","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":2,"station":"hot","status":"queued"},"01a22b55-f3ff-709f-be40-b6df3beb7ebb":{"menu_item":"01a22b55-f28e-700b-86a7-b2fa25eac972","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":1,"station":"cold","status":"queued"}},"note":"left as placed","number":1,"placed_at":"2026-11-30T07:23:03.039Z","position":1,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":103000,"currency":"BDT"}}}}',1796023383039000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'609A4AD1EC7E463992DAF24C97A61961',X'FE0CE9112526AF14CC7000BA28EDC9C33D5C34F252CFD2C52242951A7E3FB8E7','{"ack":{"position":2,"changed":true,"document":{"id":"01a22b55-f403-70db-b010-392a6404a94a","items":{"01a22b55-f403-70db-b010-392bedf54887":{"menu_item":"01a22b55-f28e-700b-86a7-b2f3865e1983","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f403-70db-b010-392c2c6ff822":{"menu_item":"01a22b55-f28e-700b-86a7-b3045551786a","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":2,"station":"bar","status":"queued"}},"note":"in the kitchen","number":2,"placed_at":"2026-11-30T07:23:03.043Z","position":2,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":50000,"currency":"BDT"}}}}',1796023383043000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'10EA5341E7EE496DBCD299C7D46ECECF',X'7943F255A0A727F9465952219B0AF7D7C143CB74172C5320E77E44F6572EDA20','{"ack":{"position":3,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:03.046Z","id":"01a22b55-f403-70db-b010-392a6404a94a","items":{"01a22b55-f403-70db-b010-392bedf54887":{"menu_item":"01a22b55-f28e-700b-86a7-b2f3865e1983","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f403-70db-b010-392c2c6ff822":{"menu_item":"01a22b55-f28e-700b-86a7-b3045551786a","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":2,"station":"bar","status":"queued"}},"note":"in the kitchen","number":2,"placed_at":"2026-11-30T07:23:03.043Z","position":3,"promised_at":"2026-11-30T07:48:03.046Z","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"accepted","table":"3","total":{"amount":50000,"currency":"BDT"}}}}',1796023383046000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'7B360AA292BB494F8D792ECBFBB08D8F',X'FA9CACB47B64887B56BB64E31E2DC45488D5A5A1FA5C097AD03B2BAF2F2198B2','{"ack":{"position":4,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:03.046Z","id":"01a22b55-f403-70db-b010-392a6404a94a","items":{"01a22b55-f403-70db-b010-392bedf54887":{"menu_item":"01a22b55-f28e-700b-86a7-b2f3865e1983","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":1,"station":"hot","status":"cooking"},"01a22b55-f403-70db-b010-392c2c6ff822":{"menu_item":"01a22b55-f28e-700b-86a7-b3045551786a","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":2,"station":"bar","status":"cooking"}},"note":"in the kitchen","number":2,"placed_at":"2026-11-30T07:23:03.043Z","position":4,"promised_at":"2026-11-30T07:48:03.046Z","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","started_at":"2026-11-30T07:23:03.059Z","status":"preparing","table":"3","total":{"amount":50000,"currency":"BDT"}}}}',1796023383059000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'5DDF221739264D9D9B9CAA3BC807DEFC',X'59FFCFD97E9E398396C40550EA06015D7936CD60D4D9DBBD2F1712804F4DB1D1','{"ack":{"position":5,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:03.046Z","id":"01a22b55-f403-70db-b010-392a6404a94a","items":{"01a22b55-f403-70db-b010-392bedf54887":{"menu_item":"01a22b55-f28e-700b-86a7-b2f3865e1983","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":1,"station":"hot","status":"cooking"},"01a22b55-f403-70db-b010-392c2c6ff822":{"menu_item":"01a22b55-f28e-700b-86a7-b3045551786a","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":2,"station":"bar","status":"cooking"}},"note":"in the kitchen","number":2,"placed_at":"2026-11-30T07:23:03.043Z","position":5,"promised_at":"2026-11-30T07:48:03.046Z","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":true,"service":"dine_in","started_at":"2026-11-30T07:23:03.059Z","status":"preparing","table":"3","total":{"amount":50000,"currency":"BDT"}}}}',1796023383072000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f3f5-77f7-9eb5-0dcd29a65216',X'EE1B94941C4E4E4A8CB4873C1AD3BB76',X'D8826FAA88B83B1D170280D575D23526D43AFCD7EDF8A1DF366A33386EB93695','{"ack":{"position":6,"changed":true,"document":{"diner":"01a22b55-f3f5-77f7-9eb5-0dcd29a65216","id":"01a22b55-f427-7000-a4be-5e9c54c7f1ce","items":{"01a22b55-f427-7000-a4be-5e9d674be6f0":{"menu_item":"01a22b55-f28e-700b-86a7-b2eb71b0f71d","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f427-7000-a4be-5e9e7f0d2628":{"menu_item":"01a22b55-f28e-700b-86a7-b2e7d5199f2d","name":"Cucumber raita","price":{"amount":9000,"currency":"BDT"},"quantity":1,"station":"cold","status":"queued"}},"note":"from a phone","number":3,"placed_at":"2026-11-30T07:23:03.079Z","position":6,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"7","total":{"amount":54000,"currency":"BDT"}}}}',1796023383079000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'FB874DF484244BCAA7A0A23A668C4B48',X'ACDAC5F0C3845BE6E3FCCEA8DCD99255773F6628FE7A6349ADD839C2263DC008','{"ack":{"position":7,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:03.083Z","diner":"01a22b55-f3f5-77f7-9eb5-0dcd29a65216","id":"01a22b55-f427-7000-a4be-5e9c54c7f1ce","items":{"01a22b55-f427-7000-a4be-5e9d674be6f0":{"menu_item":"01a22b55-f28e-700b-86a7-b2eb71b0f71d","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f427-7000-a4be-5e9e7f0d2628":{"menu_item":"01a22b55-f28e-700b-86a7-b2e7d5199f2d","name":"Cucumber raita","price":{"amount":9000,"currency":"BDT"},"quantity":1,"station":"cold","status":"queued"}},"note":"from a phone","number":3,"placed_at":"2026-11-30T07:23:03.079Z","position":7,"promised_at":"2026-11-30T07:43:03.083Z","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"accepted","table":"7","total":{"amount":54000,"currency":"BDT"}}}}',1796023383083000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'E4757415088C4CBAA88385DC005DB0EC',X'4C1C0910DE112C28DCA9070EE82AA4A42FFBA7DFDE6A604DB6C26F0D9A8EC282','{"ack":{"position":8,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:03.083Z","diner":"01a22b55-f3f5-77f7-9eb5-0dcd29a65216","id":"01a22b55-f427-7000-a4be-5e9c54c7f1ce","items":{"01a22b55-f427-7000-a4be-5e9d674be6f0":{"menu_item":"01a22b55-f28e-700b-86a7-b2eb71b0f71d","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":1,"station":"hot","status":"cooking"},"01a22b55-f427-7000-a4be-5e9e7f0d2628":{"menu_item":"01a22b55-f28e-700b-86a7-b2e7d5199f2d","name":"Cucumber raita","price":{"amount":9000,"currency":"BDT"},"quantity":1,"station":"cold","status":"cooking"}},"note":"from a phone","number":3,"placed_at":"2026-11-30T07:23:03.079Z","position":8,"promised_at":"2026-11-30T07:43:03.083Z","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","started_at":"2026-11-30T07:23:03.091Z","status":"preparing","table":"7","total":{"amount":54000,"currency":"BDT"}}}}',1796023383091000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'8D2EA0AD58314A0FAFA20D793E5C79B0',X'EC1BEEB6E8707C56165559D86E70EC2E2152E7981413C4D1C87190FC95F3232E','{"ack":{"position":9,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:03.083Z","diner":"01a22b55-f3f5-77f7-9eb5-0dcd29a65216","id":"01a22b55-f427-7000-a4be-5e9c54c7f1ce","items":{"01a22b55-f427-7000-a4be-5e9d674be6f0":{"menu_item":"01a22b55-f28e-700b-86a7-b2eb71b0f71d","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":1,"station":"hot","status":"done"},"01a22b55-f427-7000-a4be-5e9e7f0d2628":{"menu_item":"01a22b55-f28e-700b-86a7-b2e7d5199f2d","name":"Cucumber raita","price":{"amount":9000,"currency":"BDT"},"quantity":1,"station":"cold","status":"done"}},"note":"from a phone","number":3,"placed_at":"2026-11-30T07:23:03.079Z","position":9,"promised_at":"2026-11-30T07:43:03.083Z","ready_at":"2026-11-30T07:23:03.094Z","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","started_at":"2026-11-30T07:23:03.091Z","status":"ready","table":"7","total":{"amount":54000,"currency":"BDT"}}}}',1796023383094000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'68C0D48693E7467C8CBF6D2EEC02FA55',X'4EF2A98D89A82ED9A7C8863359E789F756947B2A5BA488BE6C5D023CA36AE3BC','{"ack":{"position":10,"changed":true,"document":{"id":"01a22b55-f43c-765a-a4a8-e84387520047","items":{"01a22b55-f43c-765a-a4a8-e844803e66f2":{"menu_item":"01a22b55-f28e-700b-86a7-b2fa25eac972","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"queued"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:03.100Z","position":10,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":39000,"currency":"BDT"}}}}',1796023383100000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'35AC39CC3E534AF1A3B1DA78BB60599B',X'9BC83E4D8875DEB19206E52DF21CE1AF629F62922D0681E2D6FC9889893C4802','{"ack":{"position":11,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:03.104Z","id":"01a22b55-f43c-765a-a4a8-e84387520047","items":{"01a22b55-f43c-765a-a4a8-e844803e66f2":{"menu_item":"01a22b55-f28e-700b-86a7-b2fa25eac972","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"queued"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:03.100Z","position":11,"promised_at":"2026-11-30T07:43:03.104Z","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"accepted","table":"3","total":{"amount":39000,"currency":"BDT"}}}}',1796023383104000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'B65CBD0D5AFC4E23A6511F1ECC92D125',X'C4E50DAA4FD1344BB732DC15C49B2553712E7D2F990935A71CEA81C39F839D73','{"ack":{"position":12,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:03.104Z","id":"01a22b55-f43c-765a-a4a8-e84387520047","items":{"01a22b55-f43c-765a-a4a8-e844803e66f2":{"menu_item":"01a22b55-f28e-700b-86a7-b2fa25eac972","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"cooking"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:03.100Z","position":12,"promised_at":"2026-11-30T07:43:03.104Z","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","started_at":"2026-11-30T07:23:03.111Z","status":"preparing","table":"3","total":{"amount":39000,"currency":"BDT"}}}}',1796023383111000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'456F1ACA5AC14B01901BC350FC087062',X'C32D6A6A2E80EF83E49DCB734A3E2227B122FF58FAF3E1D70A6006CC5124BFB6','{"ack":{"position":13,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:03.104Z","id":"01a22b55-f43c-765a-a4a8-e84387520047","items":{"01a22b55-f43c-765a-a4a8-e844803e66f2":{"menu_item":"01a22b55-f28e-700b-86a7-b2fa25eac972","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"done"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:03.100Z","position":13,"promised_at":"2026-11-30T07:43:03.104Z","ready_at":"2026-11-30T07:23:03.114Z","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","started_at":"2026-11-30T07:23:03.111Z","status":"ready","table":"3","total":{"amount":39000,"currency":"BDT"}}}}',1796023383114000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'A6C18673EC3A4228B715A080671A1547',X'81400CF7155426A6A4D6018FDEE99DFEB6E20ED709D7020C147B4B2ACFF4F8DD','{"ack":{"position":14,"changed":true,"document":{"accepted_at":"2026-11-30T07:23:03.104Z","closed_at":"2026-11-30T07:23:03.119Z","id":"01a22b55-f43c-765a-a4a8-e84387520047","items":{"01a22b55-f43c-765a-a4a8-e844803e66f2":{"menu_item":"01a22b55-f28e-700b-86a7-b2fa25eac972","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"done"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:03.100Z","position":14,"promised_at":"2026-11-30T07:43:03.104Z","ready_at":"2026-11-30T07:23:03.114Z","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"served_at":"2026-11-30T07:23:03.119Z","service":"dine_in","started_at":"2026-11-30T07:23:03.111Z","status":"served","table":"3","total":{"amount":39000,"currency":"BDT"}}}}',1796023383119000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'039139B3D8ED45298089FB0E4CDF3656',X'B5FD3B0F491020EE46B876A856F3B1C8BE3A9B7DCB70A97E5430A0C4FE8CB04D','{"ack":{"position":15,"changed":true,"document":{"id":"01a22b55-f452-70a7-86c9-6fe533c9f49c","items":{"01a22b55-f452-70a7-86c9-6fe6183dfd4a":{"menu_item":"01a22b55-f28e-700b-86a7-b3045551786a","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":1,"station":"bar","status":"queued"}},"note":"cancelled","number":5,"placed_at":"2026-11-30T07:23:03.122Z","position":15,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":6000,"currency":"BDT"}}}}',1796023383122000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'E65EC0EE3C1C429C8BCE283CBF7E40E3',X'5445B97F410127867F872D5B035543DAA11CD9AD3778FAEE1426BD41360D94A3','{"ack":{"position":16,"changed":true,"document":{"closed_at":"2026-11-30T07:23:03.124Z","id":"01a22b55-f452-70a7-86c9-6fe533c9f49c","items":{"01a22b55-f452-70a7-86c9-6fe6183dfd4a":{"menu_item":"01a22b55-f28e-700b-86a7-b3045551786a","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":1,"station":"bar","status":"queued"}},"note":"cancelled","number":5,"placed_at":"2026-11-30T07:23:03.122Z","position":16,"reason":"customer_request","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"cancelled","table":"3","total":{"amount":6000,"currency":"BDT"}}}}',1796023383124000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f3f5-77f7-9eb5-0dcd29a65216',X'C0A03226D7524D099DB8170789517292',X'909FCC1A0EEA70188BEFCC03DBCF7610E4BEDA624CF3E69B7EBFC577BC3E7C70','{"ack":{"position":17,"changed":true,"document":{"id":"01a22b55-f457-71d0-93a1-49681b9ac33a","raised_at":"2026-11-30T07:23:03.127Z","reason":"bill","table":"7"}}}',1796023383127000);
INSERT INTO "commands" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d',X'DC13B75630E3469281ED11154BB74FEE',X'CF3C420CE4AE34028CB481C4B17B8EB4BA106A90C93ACD940DA9D6EFFCF156FD','{"ack":{"position":19,"changed":true,"document":{"id":"01a22b55-f460-7282-abef-45eeb7633e29","items":{"01a22b55-f460-7282-abef-45eff2848677":{"menu_item":"01a22b55-f28e-700b-86a7-b2f3865e1983","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":2,"station":"hot","status":"queued"}},"note":"after the screen''s last look","number":6,"placed_at":"2026-11-30T07:23:03.136Z","position":19,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":76000,"currency":"BDT"}}}}',1796023383136000);
CREATE TABLE devices (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    name       TEXT    NOT NULL,
    station    TEXT,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE TABLE display_leases (
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    display    TEXT    NOT NULL,
    node       BLOB    NOT NULL CHECK (length(node) = 16),
    beat       INTEGER NOT NULL,
    PRIMARY KEY (restaurant, display, node)
) STRICT;
CREATE TABLE displays (
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    display    TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    station    TEXT,
    position   INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL, connected INTEGER NOT NULL DEFAULT 0 CHECK (connected IN (0, 1)), shows TEXT,
    PRIMARY KEY (restaurant, display)
) STRICT;
CREATE TABLE ended_sessions (
    session  TEXT    NOT NULL PRIMARY KEY,
    ended_at INTEGER NOT NULL
) STRICT;
CREATE TABLE events (
    restaurant BLOB    NOT NULL,
    position   INTEGER NOT NULL CHECK (position > 0),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    kind       TEXT    NOT NULL,
    topic      INTEGER NOT NULL,
    order_id   BLOB,
    at         INTEGER NOT NULL,
    by_role    TEXT    NOT NULL,
    command    BLOB,
    patch      TEXT    NOT NULL,
    PRIMARY KEY (restaurant, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',1,X'01A22B55F40074DF9A7883C5D0F6F34F','order.placed',1,X'01A22B55F3FF709FBE40B6DDE301CEA2',1796023383039000,'staff',X'485643D9FECA4A07AFD81461DCA42DB9','{"id":"01a22b55-f3ff-709f-be40-b6dde301cea2","items":{"01a22b55-f3ff-709f-be40-b6de10c49d3e":{"menu_item":"01a22b55-f28e-700b-86a7-b2eb71b0f71d","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":2,"station":"hot","status":"queued"},"01a22b55-f3ff-709f-be40-b6df3beb7ebb":{"menu_item":"01a22b55-f28e-700b-86a7-b2fa25eac972","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":1,"station":"cold","status":"queued"}},"note":"left as placed","number":1,"placed_at":"2026-11-30T07:23:03.039Z","position":1,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":103000,"currency":"BDT"}}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',2,X'01A22B55F40370DBB010392DF4E6CE7E','order.placed',1,X'01A22B55F40370DBB010392A6404A94A',1796023383043000,'staff',X'609A4AD1EC7E463992DAF24C97A61961','{"id":"01a22b55-f403-70db-b010-392a6404a94a","items":{"01a22b55-f403-70db-b010-392bedf54887":{"menu_item":"01a22b55-f28e-700b-86a7-b2f3865e1983","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f403-70db-b010-392c2c6ff822":{"menu_item":"01a22b55-f28e-700b-86a7-b3045551786a","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":2,"station":"bar","status":"queued"}},"note":"in the kitchen","number":2,"placed_at":"2026-11-30T07:23:03.043Z","position":2,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":50000,"currency":"BDT"}}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',3,X'01A22B55F40770319B52F09AB8C2DDD4','order.accepted',1,X'01A22B55F40370DBB010392A6404A94A',1796023383046000,'staff',X'10EA5341E7EE496DBCD299C7D46ECECF','{"accepted_at":"2026-11-30T07:23:03.046Z","position":3,"promised_at":"2026-11-30T07:48:03.046Z","status":"accepted"}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',4,X'01A22B55F41474F28A48D2610239FFB7','order.started',1,X'01A22B55F40370DBB010392A6404A94A',1796023383059000,'staff',X'7B360AA292BB494F8D792ECBFBB08D8F','{"items":{"01a22b55-f403-70db-b010-392bedf54887":{"status":"cooking"},"01a22b55-f403-70db-b010-392c2c6ff822":{"status":"cooking"}},"position":4,"started_at":"2026-11-30T07:23:03.059Z","status":"preparing"}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',5,X'01A22B55F420712B8AF0E12F483814BB','order.rushed',1,X'01A22B55F40370DBB010392A6404A94A',1796023383072000,'staff',X'5DDF221739264D9D9B9CAA3BC807DEFC','{"position":5,"rush":true}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',6,X'01A22B55F4287125AE6ABD8DD214E4D2','order.placed',1,X'01A22B55F4277000A4BE5E9C54C7F1CE',1796023383079000,'diner',X'EE1B94941C4E4E4A8CB4873C1AD3BB76','{"diner":"01a22b55-f3f5-77f7-9eb5-0dcd29a65216","id":"01a22b55-f427-7000-a4be-5e9c54c7f1ce","items":{"01a22b55-f427-7000-a4be-5e9d674be6f0":{"menu_item":"01a22b55-f28e-700b-86a7-b2eb71b0f71d","name":"Beef rezala","price":{"amount":45000,"currency":"BDT"},"quantity":1,"station":"hot","status":"queued"},"01a22b55-f427-7000-a4be-5e9e7f0d2628":{"menu_item":"01a22b55-f28e-700b-86a7-b2e7d5199f2d","name":"Cucumber raita","price":{"amount":9000,"currency":"BDT"},"quantity":1,"station":"cold","status":"queued"}},"note":"from a phone","number":3,"placed_at":"2026-11-30T07:23:03.079Z","position":6,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"7","total":{"amount":54000,"currency":"BDT"}}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',7,X'01A22B55F42B73DC8E8489B9FC538B9F','order.accepted',1,X'01A22B55F4277000A4BE5E9C54C7F1CE',1796023383083000,'staff',X'FB874DF484244BCAA7A0A23A668C4B48','{"accepted_at":"2026-11-30T07:23:03.083Z","position":7,"promised_at":"2026-11-30T07:43:03.083Z","status":"accepted"}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',8,X'01A22B55F43476759378B0036EE1BBB7','order.started',1,X'01A22B55F4277000A4BE5E9C54C7F1CE',1796023383091000,'staff',X'E4757415088C4CBAA88385DC005DB0EC','{"items":{"01a22b55-f427-7000-a4be-5e9d674be6f0":{"status":"cooking"},"01a22b55-f427-7000-a4be-5e9e7f0d2628":{"status":"cooking"}},"position":8,"started_at":"2026-11-30T07:23:03.091Z","status":"preparing"}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',9,X'01A22B55F43677688301F0C5F0D271A4','order.ready',1,X'01A22B55F4277000A4BE5E9C54C7F1CE',1796023383094000,'staff',X'8D2EA0AD58314A0FAFA20D793E5C79B0','{"items":{"01a22b55-f427-7000-a4be-5e9d674be6f0":{"status":"done"},"01a22b55-f427-7000-a4be-5e9e7f0d2628":{"status":"done"}},"position":9,"ready_at":"2026-11-30T07:23:03.094Z","status":"ready"}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',10,X'01A22B55F43C765AA4A8E8450D2A4199','order.placed',1,X'01A22B55F43C765AA4A8E84387520047',1796023383100000,'staff',X'68C0D48693E7467C8CBF6D2EEC02FA55','{"id":"01a22b55-f43c-765a-a4a8-e84387520047","items":{"01a22b55-f43c-765a-a4a8-e844803e66f2":{"menu_item":"01a22b55-f28e-700b-86a7-b2fa25eac972","name":"Firni","price":{"amount":13000,"currency":"BDT"},"quantity":3,"station":"cold","status":"queued"}},"note":"served","number":4,"placed_at":"2026-11-30T07:23:03.100Z","position":10,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":39000,"currency":"BDT"}}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',11,X'01A22B55F4417530B04F5189CC80AF65','order.accepted',1,X'01A22B55F43C765AA4A8E84387520047',1796023383104000,'staff',X'35AC39CC3E534AF1A3B1DA78BB60599B','{"accepted_at":"2026-11-30T07:23:03.104Z","position":11,"promised_at":"2026-11-30T07:43:03.104Z","status":"accepted"}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',12,X'01A22B55F44772589FF8CB0657B672DD','order.started',1,X'01A22B55F43C765AA4A8E84387520047',1796023383111000,'staff',X'B65CBD0D5AFC4E23A6511F1ECC92D125','{"items":{"01a22b55-f43c-765a-a4a8-e844803e66f2":{"status":"cooking"}},"position":12,"started_at":"2026-11-30T07:23:03.111Z","status":"preparing"}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',13,X'01A22B55F44B72AA8259C10AC8C59E1E','order.ready',1,X'01A22B55F43C765AA4A8E84387520047',1796023383114000,'staff',X'456F1ACA5AC14B01901BC350FC087062','{"items":{"01a22b55-f43c-765a-a4a8-e844803e66f2":{"status":"done"}},"position":13,"ready_at":"2026-11-30T07:23:03.114Z","status":"ready"}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',14,X'01A22B55F45070979FEB417B358A2D6B','order.served',1,X'01A22B55F43C765AA4A8E84387520047',1796023383119000,'staff',X'A6C18673EC3A4228B715A080671A1547','{"closed_at":"2026-11-30T07:23:03.119Z","position":14,"served_at":"2026-11-30T07:23:03.119Z","status":"served"}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',15,X'01A22B55F45376FE82CB2F5310E13DC9','order.placed',1,X'01A22B55F45270A786C96FE533C9F49C',1796023383122000,'staff',X'039139B3D8ED45298089FB0E4CDF3656','{"id":"01a22b55-f452-70a7-86c9-6fe533c9f49c","items":{"01a22b55-f452-70a7-86c9-6fe6183dfd4a":{"menu_item":"01a22b55-f28e-700b-86a7-b3045551786a","name":"Masala cha","price":{"amount":6000,"currency":"BDT"},"quantity":1,"station":"bar","status":"queued"}},"note":"cancelled","number":5,"placed_at":"2026-11-30T07:23:03.122Z","position":15,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":6000,"currency":"BDT"}}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',16,X'01A22B55F455763EA47F5454A05B001B','order.cancelled',1,X'01A22B55F45270A786C96FE533C9F49C',1796023383124000,'staff',X'E65EC0EE3C1C429C8BCE283CBF7E40E3','{"closed_at":"2026-11-30T07:23:03.124Z","position":16,"reason":"customer_request","status":"cancelled"}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',17,X'01A22B55F45771D093A149696DB60712','call.raised',2,NULL,1796023383127000,'diner',X'C0A03226D7524D099DB8170789517292','{"01a22b55-f457-71d0-93a1-49681b9ac33a":{"id":"01a22b55-f457-71d0-93a1-49681b9ac33a","raised_at":"2026-11-30T07:23:03.127Z","reason":"bill","table":"7"}}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',18,X'01A22B55F45A749E925EC698B71EA94D','menu.availability',4,NULL,1796023383129000,'staff',NULL,'{"items":{"01a22b55-f28e-700b-86a7-b2eead26dd5e":{"available":false}},"position":18}');
INSERT INTO "events" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',19,X'01A22B55F46174D985BE2CD0F61684C3','order.placed',1,X'01A22B55F4607282ABEF45EEB7633E29',1796023383136000,'staff',X'DC13B75630E3469281ED11154BB74FEE','{"id":"01a22b55-f460-7282-abef-45eeb7633e29","items":{"01a22b55-f460-7282-abef-45eff2848677":{"menu_item":"01a22b55-f28e-700b-86a7-b2f3865e1983","name":"Chicken roast","price":{"amount":38000,"currency":"BDT"},"quantity":2,"station":"hot","status":"queued"}},"note":"after the screen''s last look","number":6,"placed_at":"2026-11-30T07:23:03.136Z","position":19,"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","rush":false,"service":"dine_in","status":"placed","table":"3","total":{"amount":76000,"currency":"BDT"}}');
CREATE TABLE feeds (
    restaurant  BLOB    NOT NULL PRIMARY KEY REFERENCES restaurants (id),
    head        INTEGER NOT NULL CHECK (head >= 0),
    next_number INTEGER NOT NULL CHECK (next_number > 0)
) STRICT;
INSERT INTO "feeds" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',19,7);
CREATE TABLE menus (
    restaurant BLOB NOT NULL PRIMARY KEY REFERENCES restaurants (id),
    document   TEXT NOT NULL,
    next_lapse INTEGER
) STRICT;
INSERT INTO "menus" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','{"restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","position":18,"currency":"BDT","paused":false,"categories":{"01a22b55-f28e-700b-86a7-b2e1b22cbf5d":{"name":"Starters","sort":1},"01a22b55-f28e-700b-86a7-b2e8059251f7":{"name":"Mains","sort":2},"01a22b55-f28e-700b-86a7-b2f7026905c7":{"name":"Sweets","sort":3},"01a22b55-f28e-700b-86a7-b2fc5542f41f":{"name":"Drinks","sort":4}},"items":{"01a22b55-f28e-700b-86a7-b2e39461424d":{"id":"01a22b55-f28e-700b-86a7-b2e39461424d","name":"Shingara","description":"Crisp parcels of potato and peas, three of them","category":"01a22b55-f28e-700b-86a7-b2e1b22cbf5d","price":{"amount":12000,"currency":"BDT"},"station":"hot","sort":1,"available":true,"options":{"01a22b55-f28e-700b-86a7-b2e2993a492a":{"name":"tamarind dip","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f28e-700b-86a7-b2e673c67e86":{"id":"01a22b55-f28e-700b-86a7-b2e673c67e86","name":"Fuchka","description":"Hollow crisps, spiced chickpeas, sour water","category":"01a22b55-f28e-700b-86a7-b2e1b22cbf5d","price":{"amount":15000,"currency":"BDT"},"station":"cold","sort":2,"available":true,"options":{"01a22b55-f28e-700b-86a7-b2e48daf2867":{"name":"extra sour","price":{"amount":0,"currency":"BDT"}},"01a22b55-f28e-700b-86a7-b2e577852adb":{"name":"no onion","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f28e-700b-86a7-b2e7d5199f2d":{"id":"01a22b55-f28e-700b-86a7-b2e7d5199f2d","name":"Cucumber raita","description":"Yoghurt, mint, roasted cumin","category":"01a22b55-f28e-700b-86a7-b2e1b22cbf5d","price":{"amount":9000,"currency":"BDT"},"station":"cold","sort":3,"available":true,"options":{}},"01a22b55-f28e-700b-86a7-b2eb71b0f71d":{"id":"01a22b55-f28e-700b-86a7-b2eb71b0f71d","name":"Beef rezala","description":"Slow-braised in yoghurt and white spices","category":"01a22b55-f28e-700b-86a7-b2e8059251f7","price":{"amount":45000,"currency":"BDT"},"station":"hot","sort":1,"available":true,"options":{"01a22b55-f28e-700b-86a7-b2e9300b73b8":{"name":"extra spicy","price":{"amount":0,"currency":"BDT"}},"01a22b55-f28e-700b-86a7-b2ea9ea04479":{"name":"extra gravy","price":{"amount":6000,"currency":"BDT"}}}},"01a22b55-f28e-700b-86a7-b2eead26dd5e":{"id":"01a22b55-f28e-700b-86a7-b2eead26dd5e","name":"Kacchi biryani","description":"Mutton and potato under a sealed lid","category":"01a22b55-f28e-700b-86a7-b2e8059251f7","price":{"amount":52000,"currency":"BDT"},"station":"hot","sort":2,"available":false,"options":{"01a22b55-f28e-700b-86a7-b2ec4961263b":{"name":"boiled egg","price":{"amount":3000,"currency":"BDT"}},"01a22b55-f28e-700b-86a7-b2ed722b63a3":{"name":"extra meat","price":{"amount":18000,"currency":"BDT"}}}},"01a22b55-f28e-700b-86a7-b2f0bc7453bd":{"id":"01a22b55-f28e-700b-86a7-b2f0bc7453bd","name":"Shorshe ilish","description":"Hilsa in mustard, with rice","category":"01a22b55-f28e-700b-86a7-b2e8059251f7","price":{"amount":68000,"currency":"BDT"},"station":"hot","sort":3,"available":true,"options":{"01a22b55-f28e-700b-86a7-b2efda0c1385":{"name":"less mustard","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f28e-700b-86a7-b2f3865e1983":{"id":"01a22b55-f28e-700b-86a7-b2f3865e1983","name":"Chicken roast","description":"Wedding-style, with ghee and raisins","category":"01a22b55-f28e-700b-86a7-b2e8059251f7","price":{"amount":38000,"currency":"BDT"},"station":"hot","sort":4,"available":true,"options":{"01a22b55-f28e-700b-86a7-b2f12cf0fb83":{"name":"leg piece","price":{"amount":0,"currency":"BDT"}},"01a22b55-f28e-700b-86a7-b2f241a391fe":{"name":"breast piece","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f28e-700b-86a7-b2f6995ad71a":{"id":"01a22b55-f28e-700b-86a7-b2f6995ad71a","name":"Vegetable bhuna","description":"Seasonal vegetables, dry-fried","category":"01a22b55-f28e-700b-86a7-b2e8059251f7","price":{"amount":26000,"currency":"BDT"},"station":"hot","sort":5,"available":true,"options":{"01a22b55-f28e-700b-86a7-b2f48c3ba1e2":{"name":"no chilli","price":{"amount":0,"currency":"BDT"}},"01a22b55-f28e-700b-86a7-b2f525f7eefd":{"name":"extra spicy","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f28e-700b-86a7-b2f8eb8ff3dc":{"id":"01a22b55-f28e-700b-86a7-b2f8eb8ff3dc","name":"Mishti doi","description":"Set caramel yoghurt in clay","category":"01a22b55-f28e-700b-86a7-b2f7026905c7","price":{"amount":14000,"currency":"BDT"},"station":"cold","sort":1,"available":true,"options":{}},"01a22b55-f28e-700b-86a7-b2fa25eac972":{"id":"01a22b55-f28e-700b-86a7-b2fa25eac972","name":"Firni","description":"Ground rice, milk, cardamom","category":"01a22b55-f28e-700b-86a7-b2f7026905c7","price":{"amount":13000,"currency":"BDT"},"station":"cold","sort":2,"available":true,"options":{"01a22b55-f28e-700b-86a7-b2f96f69cf4b":{"name":"no nuts","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f28e-700b-86a7-b2fb1588ea6f":{"id":"01a22b55-f28e-700b-86a7-b2fb1588ea6f","name":"Rasmalai","description":"Two, in saffron milk","category":"01a22b55-f28e-700b-86a7-b2f7026905c7","price":{"amount":18000,"currency":"BDT"},"station":"cold","sort":3,"available":true,"options":{}},"01a22b55-f28e-700b-86a7-b2fd3842f578":{"id":"01a22b55-f28e-700b-86a7-b2fd3842f578","name":"Borhani","description":"Spiced yoghurt with mint","category":"01a22b55-f28e-700b-86a7-b2fc5542f41f","price":{"amount":11000,"currency":"BDT"},"station":"bar","sort":1,"available":true,"options":{}},"01a22b55-f28e-700b-86a7-b3011aba71c9":{"id":"01a22b55-f28e-700b-86a7-b3011aba71c9","name":"Lemon soda","description":"Fresh lime, salted or sweet","category":"01a22b55-f28e-700b-86a7-b2fc5542f41f","price":{"amount":10000,"currency":"BDT"},"station":"bar","sort":2,"available":true,"options":{"01a22b55-f28e-700b-86a7-b2fec4bde590":{"name":"salted","price":{"amount":0,"currency":"BDT"}},"01a22b55-f28e-700b-86a7-b2ff573cbedd":{"name":"sweet","price":{"amount":0,"currency":"BDT"}},"01a22b55-f28e-700b-86a7-b3007d53135d":{"name":"no ice","price":{"amount":0,"currency":"BDT"}}}},"01a22b55-f28e-700b-86a7-b3045551786a":{"id":"01a22b55-f28e-700b-86a7-b3045551786a","name":"Masala cha","description":"Tea boiled with milk and ginger","category":"01a22b55-f28e-700b-86a7-b2fc5542f41f","price":{"amount":6000,"currency":"BDT"},"station":"bar","sort":3,"available":true,"options":{"01a22b55-f28e-700b-86a7-b302ba643e5a":{"name":"no sugar","price":{"amount":0,"currency":"BDT"}},"01a22b55-f28e-700b-86a7-b303dfdf2413":{"name":"oat milk","price":{"amount":4000,"currency":"BDT"}}}}}}',NULL);
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
INSERT INTO "meta" VALUES('epoch','01a22b55f28271d88fa3a8e41478f97a');
CREATE TABLE orders (
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    number     INTEGER NOT NULL,
    status     TEXT    NOT NULL,
    is_open    INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    diner      TEXT,
    document   TEXT    NOT NULL, waits_at TEXT, accepted_position INTEGER,
    PRIMARY KEY (restaurant, id),
    UNIQUE (restaurant, number)
) STRICT;
INSERT INTO "orders" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',X'01A22B55F3FF709FBE40B6DDE301CEA2',1,'placed',1,NULL,'{"id":"01a22b55-f3ff-709f-be40-b6dde301cea2","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","number":1,"position":1,"status":"placed","service":"dine_in","table":"3","rush":false,"note":"left as placed","placed_at":"2026-11-30T07:23:03.039Z","total":{"amount":103000,"currency":"BDT"},"items":{"01a22b55-f3ff-709f-be40-b6de10c49d3e":{"menu_item":"01a22b55-f28e-700b-86a7-b2eb71b0f71d","name":"Beef rezala","quantity":2,"station":"hot","status":"queued","price":{"amount":45000,"currency":"BDT"}},"01a22b55-f3ff-709f-be40-b6df3beb7ebb":{"menu_item":"01a22b55-f28e-700b-86a7-b2fa25eac972","name":"Firni","quantity":1,"station":"cold","status":"queued","price":{"amount":13000,"currency":"BDT"}}}}',NULL,NULL);
INSERT INTO "orders" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',X'01A22B55F40370DBB010392A6404A94A',2,'preparing',1,NULL,'{"id":"01a22b55-f403-70db-b010-392a6404a94a","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","number":2,"position":5,"status":"preparing","service":"dine_in","table":"3","rush":true,"note":"in the kitchen","placed_at":"2026-11-30T07:23:03.043Z","accepted_at":"2026-11-30T07:23:03.046Z","started_at":"2026-11-30T07:23:03.059Z","promised_at":"2026-11-30T07:48:03.046Z","total":{"amount":50000,"currency":"BDT"},"items":{"01a22b55-f403-70db-b010-392bedf54887":{"menu_item":"01a22b55-f28e-700b-86a7-b2f3865e1983","name":"Chicken roast","quantity":1,"station":"hot","status":"cooking","price":{"amount":38000,"currency":"BDT"}},"01a22b55-f403-70db-b010-392c2c6ff822":{"menu_item":"01a22b55-f28e-700b-86a7-b3045551786a","name":"Masala cha","quantity":2,"station":"bar","status":"cooking","price":{"amount":6000,"currency":"BDT"}}}}',NULL,3);
INSERT INTO "orders" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',X'01A22B55F4277000A4BE5E9C54C7F1CE',3,'ready',1,'01a22b55-f3f5-77f7-9eb5-0dcd29a65216','{"id":"01a22b55-f427-7000-a4be-5e9c54c7f1ce","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","number":3,"position":9,"status":"ready","service":"dine_in","table":"7","diner":"01a22b55-f3f5-77f7-9eb5-0dcd29a65216","rush":false,"note":"from a phone","placed_at":"2026-11-30T07:23:03.079Z","accepted_at":"2026-11-30T07:23:03.083Z","started_at":"2026-11-30T07:23:03.091Z","ready_at":"2026-11-30T07:23:03.094Z","promised_at":"2026-11-30T07:43:03.083Z","total":{"amount":54000,"currency":"BDT"},"items":{"01a22b55-f427-7000-a4be-5e9d674be6f0":{"menu_item":"01a22b55-f28e-700b-86a7-b2eb71b0f71d","name":"Beef rezala","quantity":1,"station":"hot","status":"done","price":{"amount":45000,"currency":"BDT"}},"01a22b55-f427-7000-a4be-5e9e7f0d2628":{"menu_item":"01a22b55-f28e-700b-86a7-b2e7d5199f2d","name":"Cucumber raita","quantity":1,"station":"cold","status":"done","price":{"amount":9000,"currency":"BDT"}}}}',NULL,7);
INSERT INTO "orders" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',X'01A22B55F43C765AA4A8E84387520047',4,'served',0,NULL,'{"id":"01a22b55-f43c-765a-a4a8-e84387520047","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","number":4,"position":14,"status":"served","service":"dine_in","table":"3","rush":false,"note":"served","placed_at":"2026-11-30T07:23:03.100Z","accepted_at":"2026-11-30T07:23:03.104Z","started_at":"2026-11-30T07:23:03.111Z","ready_at":"2026-11-30T07:23:03.114Z","served_at":"2026-11-30T07:23:03.119Z","closed_at":"2026-11-30T07:23:03.119Z","promised_at":"2026-11-30T07:43:03.104Z","total":{"amount":39000,"currency":"BDT"},"items":{"01a22b55-f43c-765a-a4a8-e844803e66f2":{"menu_item":"01a22b55-f28e-700b-86a7-b2fa25eac972","name":"Firni","quantity":3,"station":"cold","status":"done","price":{"amount":13000,"currency":"BDT"}}}}',NULL,11);
INSERT INTO "orders" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',X'01A22B55F45270A786C96FE533C9F49C',5,'cancelled',0,NULL,'{"id":"01a22b55-f452-70a7-86c9-6fe533c9f49c","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","number":5,"position":16,"status":"cancelled","service":"dine_in","table":"3","rush":false,"note":"cancelled","placed_at":"2026-11-30T07:23:03.122Z","closed_at":"2026-11-30T07:23:03.124Z","reason":"customer_request","total":{"amount":6000,"currency":"BDT"},"items":{"01a22b55-f452-70a7-86c9-6fe6183dfd4a":{"menu_item":"01a22b55-f28e-700b-86a7-b3045551786a","name":"Masala cha","quantity":1,"station":"bar","status":"queued","price":{"amount":6000,"currency":"BDT"}}}}',NULL,NULL);
INSERT INTO "orders" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69',X'01A22B55F4607282ABEF45EEB7633E29',6,'placed',1,NULL,'{"id":"01a22b55-f460-7282-abef-45eeb7633e29","restaurant":"01a22b55-f28e-700b-86a7-b2e01a4add69","number":6,"position":19,"status":"placed","service":"dine_in","table":"3","rush":false,"note":"after the screen''s last look","placed_at":"2026-11-30T07:23:03.136Z","total":{"amount":76000,"currency":"BDT"},"items":{"01a22b55-f460-7282-abef-45eff2848677":{"menu_item":"01a22b55-f28e-700b-86a7-b2f3865e1983","name":"Chicken roast","quantity":2,"station":"hot","status":"queued","price":{"amount":38000,"currency":"BDT"}}}}',NULL,NULL);
CREATE TABLE pairings (
    device_code_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(device_code_hash) = 32),
    user_code        TEXT    NOT NULL UNIQUE,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    polled_at        INTEGER,
    device           BLOB REFERENCES devices (id)
) STRICT;
CREATE TABLE push_subscriptions (
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    diner      TEXT    NOT NULL,
    endpoint   TEXT    NOT NULL,
    session    TEXT    NOT NULL,
    p256dh     BLOB    NOT NULL CHECK (length(p256dh) = 65),
    auth       BLOB    NOT NULL CHECK (length(auth) = 16),
    language   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (restaurant, diner, endpoint)
) STRICT;
CREATE TABLE restaurants (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug            TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    currency        TEXT    NOT NULL,
    default_minutes INTEGER NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;
INSERT INTO "restaurants" VALUES(X'01A22B55F28E700B86A7B2E01A4ADD69','demo','The Copper Ladle','BDT',20,1796023382670000);
CREATE TABLE session_refreshes (
    hash     BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    session  TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    spent_at INTEGER
) STRICT;
INSERT INTO "session_refreshes" VALUES(X'3035FD90EB568E8DFDE930BADA942513113AEFAB30D9A8636380B08CCA00C543','01a22b55-f384-773d-bf6a-b6b78ad3c6de',NULL);
INSERT INTO "session_refreshes" VALUES(X'4DC817570634956B0E7C9C53834BA17DCCBF612FCBB279E9DD9A553861CF6F55','01a22b55-f3f1-73b8-85b2-a0041319a89b',NULL);
INSERT INTO "session_refreshes" VALUES(X'5606FD0F3C5ECCB1EAA9E82EDE6A0D4022EEAB7ABF68CADB49FE9ADFD742BAD6','01a22b55-f3f5-77f7-9eb5-0dce33a5040e',NULL);
CREATE TABLE sessions (
    id           TEXT    NOT NULL PRIMARY KEY,
    restaurant   BLOB    NOT NULL REFERENCES restaurants (id),
    sub          TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    station      TEXT,
    table_label  TEXT,
    device       BLOB,
    created_at   INTEGER NOT NULL,
    refreshed_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
INSERT INTO "sessions" VALUES('01a22b55-f384-773d-bf6a-b6b78ad3c6de',X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2ef-70d3-a62a-3e086155561d','staff',NULL,NULL,NULL,1796023382916000,1796023382916000,1798615382916000);
INSERT INTO "sessions" VALUES('01a22b55-f3f1-73b8-85b2-a0041319a89b',X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f2fd-771f-9187-53329a71fc4f','manager',NULL,NULL,NULL,1796023383026000,1796023383026000,1798615383026000);
INSERT INTO "sessions" VALUES('01a22b55-f3f5-77f7-9eb5-0dce33a5040e',X'01A22B55F28E700B86A7B2E01A4ADD69','01a22b55-f3f5-77f7-9eb5-0dcd29a65216','diner',NULL,'7',NULL,1796023383029000,1796023383029000,1796066583029000);
CREATE TABLE tables (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    restaurant BLOB NOT NULL REFERENCES restaurants (id),
    label      TEXT NOT NULL,
    key        TEXT NOT NULL UNIQUE,
    UNIQUE (restaurant, label)
) STRICT;
INSERT INTO "tables" VALUES(X'01A22B55F2FE764295A87C712097BACC',X'01A22B55F28E700B86A7B2E01A4ADD69','1','demo-table-1');
INSERT INTO "tables" VALUES(X'01A22B55F2FF7639B4B601CE9881D562',X'01A22B55F28E700B86A7B2E01A4ADD69','2','demo-table-2');
INSERT INTO "tables" VALUES(X'01A22B55F2FF7639B4B601CF8D7A194D',X'01A22B55F28E700B86A7B2E01A4ADD69','3','demo-table-3');
INSERT INTO "tables" VALUES(X'01A22B55F30A74228137539A94E2B852',X'01A22B55F28E700B86A7B2E01A4ADD69','4','demo-table-4');
INSERT INTO "tables" VALUES(X'01A22B55F30E76338A7014BF3F9CEF2D',X'01A22B55F28E700B86A7B2E01A4ADD69','5','demo-table-5');
INSERT INTO "tables" VALUES(X'01A22B55F31273BBA0C2DE43D22320A1',X'01A22B55F28E700B86A7B2E01A4ADD69','6','demo-table-6');
INSERT INTO "tables" VALUES(X'01A22B55F31273BBA0C2DE444BB67794',X'01A22B55F28E700B86A7B2E01A4ADD69','7','demo-table-7');
INSERT INTO "tables" VALUES(X'01A22B55F3137264BDD660A6F267C150',X'01A22B55F28E700B86A7B2E01A4ADD69','8','demo-table-8');
INSERT INTO "tables" VALUES(X'01A22B55F3137264BDD660A7228B9D69',X'01A22B55F28E700B86A7B2E01A4ADD69','9','demo-table-9');
INSERT INTO "tables" VALUES(X'01A22B55F31475C7AE3C0F90189B9077',X'01A22B55F28E700B86A7B2E01A4ADD69','10','demo-table-10');
INSERT INTO "tables" VALUES(X'01A22B55F31475C7AE3C0F91F22346AD',X'01A22B55F28E700B86A7B2E01A4ADD69','11','demo-table-11');
INSERT INTO "tables" VALUES(X'01A22B55F31475C7AE3C0F92C4E53878',X'01A22B55F28E700B86A7B2E01A4ADD69','12','demo-table-12');
CREATE TABLE undrawn (
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    station    TEXT    NOT NULL,
    order_id   BLOB    NOT NULL CHECK (length(order_id) = 16),
    number     INTEGER NOT NULL,
    PRIMARY KEY (restaurant, station, order_id)
) STRICT;
CREATE TABLE users (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    restaurant    BLOB    NOT NULL REFERENCES restaurants (id),
    username      TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    UNIQUE (restaurant, username)
) STRICT;
INSERT INTO "users" VALUES(X'01A22B55F2EF70D3A62A3E086155561D',X'01A22B55F28E700B86A7B2E01A4ADD69','staff','staff','$argon2id$v=19$m=19456,t=2,p=1$jB1y8LnB6o7RIAlWRq7fYQ$htgB6tYWi6PnhNht8JeF7adGWefFLhpFo9mjguq9AgI',1796023382767000);
INSERT INTO "users" VALUES(X'01A22B55F2FD771F918753329A71FC4F',X'01A22B55F28E700B86A7B2E01A4ADD69','manager','manager','$argon2id$v=19$m=19456,t=2,p=1$jTdlhIyofQOyVTcgS9k4XA$n+na0+lDre9jPi8FqK/vr06eTIMvwLXqjCu6L6vfQV0',1796023382781000);
CREATE INDEX tables_of_restaurant ON tables (restaurant, id);
CREATE INDEX events_of_order ON events (restaurant, order_id, position);
CREATE INDEX events_of_topic ON events (restaurant, topic, position);
CREATE INDEX orders_open ON orders (restaurant, id) WHERE is_open;
CREATE INDEX orders_of_status ON orders (restaurant, status, id);
CREATE INDEX orders_of_diner ON orders (restaurant, diner, id) WHERE diner IS NOT NULL;
CREATE INDEX menus_that_lapse ON menus (next_lapse) WHERE next_lapse IS NOT NULL;
CREATE INDEX commands_by_age ON commands (at);
CREATE INDEX sessions_of_sub ON sessions (restaurant, sub, id);
CREATE INDEX sessions_of_device ON sessions (restaurant, device, id) WHERE device IS NOT NULL;
CREATE INDEX sessions_by_age ON sessions (expires_at);
CREATE INDEX session_refreshes_of_session ON session_refreshes (session);
CREATE INDEX ended_sessions_by_age ON ended_sessions (ended_at, session);
CREATE INDEX devices_of_restaurant ON devices (restaurant, id);
CREATE INDEX pairings_by_age ON pairings (expires_at);
CREATE INDEX pairings_of_device ON pairings (device) WHERE device IS NOT NULL;
CREATE INDEX displays_connected ON displays (connected, restaurant, display);
CREATE INDEX orders_waiting ON orders (restaurant, id) WHERE waits_at IS NOT NULL;
CREATE INDEX push_subscriptions_of_endpoint ON push_subscriptions (restaurant, endpoint);
CREATE INDEX push_subscriptions_of_session ON push_subscriptions (session);
CREATE INDEX push_subscriptions_by_age ON push_subscriptions (expires_at);
COMMIT;
