"""Scrapy's settings for our looks. What differs from Scrapy's own default says why."""

from __future__ import annotations

from typing import Any

from db.settings import CrawlSettings

AGENT = "Mozilla/5.0 (compatible; mingcha; disclosure monitoring)"


def settings_of(crawl: CrawlSettings) -> dict[str, Any]:
    """The settings of a child process."""
    handler = "crawler.transport.PlainHandler"
    return {
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "LOG_ENABLED": False,  # the child sets up its own log
        "TELNETCONSOLE_ENABLED": False,  # nothing listens
        "CONCURRENT_ITEMS": 1,  # the default starts 100 tasks a response and costs half of all time
        "AUTOTHROTTLE_ENABLED": False,
        "CONCURRENT_REQUESTS": max(crawl.per_host, 1),  # a look is one portal
        "CONCURRENT_REQUESTS_PER_DOMAIN": max(crawl.per_host, 1),
        "DOWNLOAD_DELAY": 0,  # kept by crawler.transport, over all portals of a host
        "MINGCHA_PER_HOST": max(crawl.per_host, 1),
        "MINGCHA_DELAY": crawl.delay_s,
        "DOWNLOAD_TIMEOUT": crawl.timeout_s,
        "DOWNLOAD_MAXSIZE": crawl.max_body_mb * 2**20,  # also after unpacking
        "DOWNLOAD_WARNSIZE": 0,
        "ROBOTSTXT_OBEY": crawl.robots,
        "USER_AGENT": crawl.user_agent or AGENT,
        "RETRY_TIMES": crawl.retries,
        "RETRY_HTTP_CODES": [408, 429, 500, 502, 503, 504, 522, 524],
        "RETRY_PRIORITY_ADJUST": 0,
        "REDIRECT_MAX_TIMES": 5,
        "REFERRER_POLICY": "same-origin",
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml,application/json,*/*;q=0.8",
            "Accept-Language": "zh-CN,zh;q=0.9",
        },
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler, **dict.fromkeys(("data", "file", "ftp", "s3"))},
        "WARN_ON_GENERATOR_RETURN_VALUE": False,  # it reads the source of a callback again for every page
        "DOWNLOADER_MIDDLEWARES": {
            "crawler.middlewares.Egress": 50,  # before robots.txt is asked for
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # Egress does it, on every hop
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            "crawler.middlewares.Patience": 550,
            "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,  # shells are classified first
            "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,  # no way round the egress rules
            "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 950,
            "crawler.middlewares.Keep": 940,  # sees every response unpacked, redirects and errors too
        },
        "SPIDER_MIDDLEWARES": {
            "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,  # every status is classified
            "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
            "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
        },
        "ITEM_PIPELINES": {
            "crawler.pipelines.Clean": 100,
            "crawler.pipelines.Validate": 200,
            "crawler.pipelines.Store": 300,
        },
        "EXTENSIONS": {
            "scrapy.extensions.corestats.CoreStats": None,
            "scrapy.extensions.memusage.MemoryUsage": None,
            "scrapy.extensions.logstats.LogStats": None,
            "scrapy.extensions.throttle.AutoThrottle": None,
        },
    }
